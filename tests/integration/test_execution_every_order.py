"""Whatever order the news of an order arrive in, it ends as it stands in the venue's books.

Nothing is drawn here: the sequences are exhausted. Each story (`stories`) is taken down once from a
devnet, over real sockets, and played back to a new client in the real engine in every order that
can be: commands, answers, order updates and fills; with each message coming twice; and with the
connection lost at every moment, what was on it lost, and caught up with over REST.

By default commands are given as soon as they can be, answers come in turn, and so do the messages
of a channel. With ``PARADEX_NT_EXAMPLES`` set, to whatever, answers overtake each other in the long
story, in short ones all may overtake all, and every story is repeated and interrupted.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal
from functools import cache
from itertools import chain, islice
from math import factorial
from typing import Final

import pytest

from tests.integration.arrivals import FILLS, ORDERS, Arrivals, Life
from tests.integration.books import compare_books
from tests.integration.playback import PlayedBack, playback_of
from tests.integration.recorded_venue import Recorded, record
from tests.integration.stories import STORIES

pytestmark = [pytest.mark.timeout(0)]  # a busy machine is no failure

IS_SEARCH: Final = "PARADEX_NT_EXAMPLES" in os.environ
LONG_STORY: Final = "a_whole_life"
SHORT_STORIES: Final = [name for name in STORIES if name != LONG_STORY]
PARTS: Final = 4

# Those that show most for their time.
REPEATED: Final = [
    "a_cancel_crosses_a_fill",
    "a_cancel_overtakes_a_change",
    "an_ioc_fills_partly",
    "a_post_only_is_rejected",
]
INTERRUPTED: Final = ["filled_and_cancelled", *REPEATED]

FEW_STEPS: Final = 3  # of more, what may overtake what takes more time than anybody has


@cache
def recorded(name: str) -> Recorded:
    story = STORIES[name]
    return record(replace(story, is_new_apart=story.is_new_apart or IS_SEARCH))


def in_turn(life: Life) -> Iterator[Arrivals]:
    return life.orders_of_arrival(asked_at_once=True, answered_in_turn=True, told_in_turn=True)


def out_of_turn(life: Life) -> Iterator[Arrivals]:
    yield from life.orders_of_arrival(told_in_turn=True)
    if len(life.steps) <= FEW_STEPS:
        yield from life.orders_of_arrival(asked_at_once=True)


def repeated(life: Life) -> Iterator[Arrivals]:
    return chain.from_iterable(map(life.with_a_repetition, in_turn(life)))


def interrupted(life: Life) -> Iterator[Arrivals]:
    return chain.from_iterable(map(life.with_a_loss, in_turn(life)))


def test_the_sequences_are_all_there_are() -> None:
    life = recorded(LONG_STORY).life
    queues = [len(life.asked), len(life.channels[ORDERS]), len(life.channels[FILLS])]
    expected = factorial(sum(queues))
    for length in queues:
        expected //= factorial(length)
    assert len(set(in_turn(life))) == expected


@pytest.mark.parametrize("part", range(PARTS))
def test_a_life_of_fills_a_change_and_a_cancel_may_be_told_in_every_order(part: int) -> None:
    story = recorded(LONG_STORY)
    arrangements = story.life.orders_of_arrival(
        asked_at_once=True, answered_in_turn=not IS_SEARCH, told_in_turn=True
    )
    play_all(story, islice(arrangements, part, None, PARTS))


@pytest.mark.parametrize("name", SHORT_STORIES)
def test_a_story_may_be_told_in_every_order(name: str) -> None:
    story = recorded(name)
    play_all(story, set((out_of_turn if IS_SEARCH else in_turn)(story.life)))


@pytest.mark.parametrize("name", SHORT_STORIES if IS_SEARCH else REPEATED)
def test_every_message_may_come_twice_at_any_time(name: str) -> None:
    story = recorded(name)
    play_all(story, set(repeated(story.life)))


@pytest.mark.parametrize("name", SHORT_STORIES if IS_SEARCH else INTERRUPTED)
def test_the_connection_may_be_lost_at_any_moment(name: str) -> None:
    story = recorded(name)
    play_all(story, set(interrupted(story.life)))


def play_all(story: Recorded, sequences: Iterable[Arrivals]) -> None:
    with playback_of(story) as playback:
        for arrivals in sequences:
            with playback.told(arrivals) as world:
                try:
                    compare(world, story)
                    playback.wait()
                    compare(world, story)
                except AssertionError as exc:
                    exc.add_note(f"{arrivals}: {world.order!r}, {world.story(world.order)}")
                    raise


def compare(world: PlayedBack, story: Recorded) -> None:
    """Compare all that the platform has with the venue's books."""
    assert world.order.status == story.story.ending
    compare_books(world, [world.order])
    assert world.balance("USDC") == Decimal(world.ledger()["balances"]["USDC"])
    for position in world.ledger()["positions"]:
        (held,) = world.cache.positions_open()
        assert held.avg_px_open == float(position["average_entry_price"])
        assert world.order.avg_px == held.avg_px_open
