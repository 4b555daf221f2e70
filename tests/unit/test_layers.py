"""The floors of the house: an arrow between them only points down."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import nautilus_paradex

PACKAGE = Path(nautilus_paradex.__file__).parent
NAME = "nautilus_paradex"

# What each floor may import of the package. A floor that is not here may import anything below
# the entry points.
FLOORS = {
    "protocol": {"protocol"},
    "transport": {"protocol", "transport"},
    "data_types": {"data_types"},
    "parsing": {"protocol", "parsing", "data_types", "constants"},
    "devnet": {"protocol", "devnet"},
    "history": {
        "protocol",
        "transport",
        "parsing",
        "data_types",
        "feeds",
        "history",
    },
}
WITHOUT_THE_PLATFORM = ("protocol", "transport", "devnet")


def modules(floor: str) -> list[Path]:
    return sorted((PACKAGE / floor).rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    """Full names of the modules that a file imports, wherever in it the import stands."""
    package = [NAME, *path.relative_to(PACKAGE).parent.parts]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def floor_of(name: str) -> str | None:
    """The floor (or single module) of a name inside the package, None for what is outside."""
    parts = name.split(".")
    return parts[1] if parts[0] == NAME and len(parts) > 1 else None


@pytest.mark.parametrize("floor", FLOORS)
def test_a_floor_imports_only_what_lies_below_it(floor: str) -> None:
    forbidden = {
        (str(path.relative_to(PACKAGE)), name)
        for path in modules(floor)
        for name in imported(path)
        if (target := floor_of(name)) is not None and target not in FLOORS[floor]
    }

    assert forbidden == set()


@pytest.mark.parametrize("floor", WITHOUT_THE_PLATFORM)
def test_the_lower_floors_do_without_the_platform(floor: str) -> None:
    users = {
        str(path.relative_to(PACKAGE))
        for path in modules(floor)
        for name in imported(path)
        if name.split(".")[0] == "nautilus_trader"
    }

    assert users == set()


@pytest.mark.parametrize(
    ("room", "above"),
    [("engine", {"wire", "rest", "sockets", "server"}), ("wire", {"rest", "sockets", "server"})],
)
def test_the_devnets_venue_knows_nothing_of_its_doors(room: str, above: set[str]) -> None:
    forbidden = {
        (str(path.relative_to(PACKAGE)), name)
        for path in modules(f"devnet/{room}")
        for name in imported(path)
        if name.startswith(f"{NAME}.devnet.") and name.split(".")[2] in above
    }

    assert modules(f"devnet/{room}")
    assert forbidden == set()


@pytest.mark.parametrize(
    ("room", "above"),
    [
        ("orders", {"account", "commands", "reports"}),
        ("account", {"commands", "reports"}),
        ("reports", {"commands"}),
        ("commands", {"reports"}),
    ],
)
def test_what_becomes_of_orders_does_not_depend_on_who_asked(room: str, above: set[str]) -> None:
    forbidden = {
        (str(path.relative_to(PACKAGE)), name)
        for path in modules(f"execution/{room}")
        for name in imported(path)
        if name.startswith(f"{NAME}.execution.")
        and name.split(".")[2] in above | {"client", "catching_up", "private_stream"}
    }

    assert modules(f"execution/{room}")
    assert forbidden == set()


@pytest.mark.parametrize("floor", FLOORS)
def test_the_rule_has_something_to_look_at(floor: str) -> None:
    assert modules(floor)


def test_relative_imports_would_be_seen() -> None:
    source = PACKAGE / "protocol" / "numbers.py"

    assert "nautilus_paradex.protocol.errors.MessageError" in set(imported(source))


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        str(path.relative_to(PACKAGE))
        for path in sorted(PACKAGE.rglob("*.py"))
        if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]

    assert silent == []
