"""The table of capabilities in the documentation, held to the code."""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from nautilus_trader.live.data_client import LiveMarketDataClient
from nautilus_trader.live.execution_client import LiveExecutionClient
from nautilus_trader.model.enums import OrderType, TimeInForce

from nautilus_paradex.data import ParadexDataClient
from nautilus_paradex.execution.client import ParadexExecutionClient
from nautilus_paradex.parsing.order_types import venue_order_type_of
from nautilus_paradex.parsing.orders import _INSTRUCTIONS

DOCUMENT = Path(__file__).parents[2] / "docs" / "capabilities.md"
DONE = "✓"
LACKING = "*not supported by Paradex*"
NO_SUCH_HOOK = "–"
CELLS = {DONE, LACKING, NO_SUCH_HOOK, "*not yet implemented*"}
CUSTOM = "custom data"
# Overridden all the same, to answer with nothing.
ANSWERED_EMPTY = {"_request_order_book_deltas"}


def rows(title: str) -> Iterator[list[str]]:
    """Cells of the table under a heading."""
    section = DOCUMENT.read_text().split(f"\n## {title}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    for line in lines[1:]:
        yield [cell.strip() for cell in line.strip("|").split("|")]


def hook_states() -> dict[str, str]:
    states = {}
    for name, *cells, _ in rows("Market data"):
        suffix = "" if name == CUSTOM else "_" + name.strip("`")
        for verb, cell in zip(("_subscribe", "_unsubscribe", "_request"), cells, strict=True):
            states[verb + suffix] = cell
    return states


def states(title: str) -> dict[str, str]:
    return {name.strip("`"): state for name, state, _ in rows(title)}


def is_overridden(client: type, base: type, hook: str) -> bool:
    return getattr(client, hook, None) is not getattr(base, hook, None)


def test_every_hook_of_market_data_has_a_cell_and_every_cell_a_hook() -> None:
    hooks = {
        name
        for name in dir(LiveMarketDataClient)
        if re.match(r"_(un)?subscribe(_|$)|_request(_|$)", name)
    }
    documented = {hook for hook, state in hook_states().items() if state != NO_SUCH_HOOK}

    assert documented == hooks


@pytest.mark.parametrize(("hook", "state"), hook_states().items())
def test_a_hook_of_market_data_is_there_where_the_table_says_so(hook: str, state: str) -> None:
    is_there = is_overridden(ParadexDataClient, LiveMarketDataClient, hook)

    assert is_there == (state == DONE or hook in ANSWERED_EMPTY)


def test_the_table_of_order_types_is_that_of_the_code() -> None:
    expected = {
        each.name: DONE if venue_order_type_of(each) is not None else LACKING for each in OrderType
    }

    assert states("Order types") == expected


def test_the_table_of_times_in_force_is_that_of_the_code() -> None:
    expected = {each.name: DONE if each in _INSTRUCTIONS else LACKING for each in TimeInForce}

    assert states("Time in force") == expected


def test_every_command_and_report_has_a_row() -> None:
    commands = {
        name
        for name, _ in inspect.getmembers(LiveExecutionClient, callable)
        if re.match(r"_(submit|modify|cancel|batch|query)_|generate_\w+_(status|reports?)$", name)
    }

    assert commands <= set(states("Commands and reports"))


@pytest.mark.parametrize(("hook", "state"), states("Commands and reports").items())
def test_a_command_or_report_is_there_where_the_table_says_so(hook: str, state: str) -> None:
    assert is_overridden(ParadexExecutionClient, LiveExecutionClient, hook) == (state == DONE)


@pytest.mark.parametrize(
    "title", ["Market data", "Order types", "Time in force", "Commands and reports"]
)
def test_cells_are_of_the_vocabulary_and_notes_are_sentences(title: str) -> None:
    for _, *cells, note in rows(title):
        assert set(cells) <= CELLS
        assert note.endswith(".")
