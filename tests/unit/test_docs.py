"""What the documentation points at is there: links, files, what its examples import and set."""

import ast
import importlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from nautilus_trader.config import TradingNodeConfig

from nautilus_paradex import ParadexDataClientConfig, ParadexExecClientConfig

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
# A path in the text begins at one of these.
STARTS = ("", "nautilus_paradex", "nautilus_paradex/execution", "tests/integration", "docs")

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def blocks(page: Path, language: str) -> Iterator[str]:
    yield from re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)


@every_page
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text()):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        other = page if not path else page.parent / path
        assert other.exists(), target
        assert not anchor or anchor in anchors(other), target


@every_page
def test_every_file_that_is_named_exists(page: Path) -> None:
    names = re.findall(r"`([\w/]+\.(?:py|md|json|toml))`", page.read_text())
    missing = [
        name
        for name in names
        if not any((ROOT / start / name).exists() for start in STARTS)
        and ("/" in name or not list(ROOT.glob(f"[a-z]*/**/{name}")))
    ]
    assert missing == []


@every_page
def test_what_an_example_imports_is_there(page: Path) -> None:
    for source in blocks(page, "python"):
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ImportFrom) and node.module:
                module = importlib.import_module(node.module)
                for name in node.names:
                    assert hasattr(module, name.name), f"{node.module}.{name.name}"


@every_page
def test_what_an_example_configures_are_fields_of_a_node_or_client(page: Path) -> None:
    configs = (TradingNodeConfig, ParadexDataClientConfig, ParadexExecClientConfig)
    fields = {field for config in configs for field in config.__struct_fields__}
    for source in blocks(page, "json"):
        whole = source if source.startswith("{") else f"{{{source}}}"
        assert set(json.loads(whole)) <= fields
