"""docs/orders.md names the codes and params that the code has, and no others."""

import re
from pathlib import Path

from nautilus_paradex.parsing import order_params

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "orders.md").read_text()
SOURCES = (
    *(ROOT / "nautilus_paradex" / "parsing").glob("order*.py"),
    ROOT / "nautilus_paradex" / "parsing" / "limits.py",
    *(ROOT / "nautilus_paradex" / "execution" / "commands").rglob("*.py"),
    *(ROOT / "nautilus_paradex" / "execution" / "orders").glob("*.py"),
)

CODE = r"[A-Z]+(?:_[A-Z]+)+"


def codes_in_the_code() -> set[str]:
    found: set[str] = set()
    for path in SOURCES:
        found |= set(re.findall(rf'"({CODE}): ', path.read_text()))
    # These two are made of a field's name.
    return (
        found
        | {
            f"{name}_{what}"
            for name in ("PRICE", "TRIGGER_PRICE")
            for what in ("OFF_INCREMENT", "NOT_POSITIVE")
        }
        | {"QUANTITY_OFF_INCREMENT"}
    )


def section(title: str) -> str:
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def test_every_code_is_explained() -> None:
    assert codes_in_the_code() - set(re.findall(rf"`({CODE})`", PAGE)) == set()


def test_no_other_denial_is_explained() -> None:
    assert set(re.findall(rf"`({CODE})`", section("Denials"))) <= codes_in_the_code()


def test_the_params_are_those_that_are_read() -> None:
    rows = section("Features of the venue: params and tags").splitlines()
    named = {row.split("`")[1] for row in rows if row.startswith("| `")}
    assert named == set(order_params._READERS)
