"""Which channels can be recorded, by the names that a person asks for them with."""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Final

from nautilus_paradex.protocol import channels
from nautilus_paradex.protocol.errors import ParadexError

__all__ = ["DEFAULT_TOPICS", "TOPICS", "TopicError", "check_topics"]

TOPICS: Final[Mapping[str, Callable[[str], str]]] = MappingProxyType(
    {
        "bbo": channels.bbo,
        "trades": channels.trades,
        "order_book": channels.book_deltas,
        "markets_summary": channels.markets_summary,
        "funding_data": channels.funding_data,
    },
)
"""
The public channels of one market, with the builder of their name. Interactive ones are not among
them: in binary their frames cannot be told from those of the plain channels (api-notes).
"""

DEFAULT_TOPICS: Final = ("bbo", "trades", "order_book", "markets_summary")


class TopicError(ParadexError):
    """A channel cannot be recorded; the message lists those that can."""


def check_topics(names: Iterable[str]) -> tuple[str, ...]:
    """
    Return the topics without repetitions.

    Raises
    ------
    TopicError
        If one is private or unknown, or there is none.

    """
    topics = tuple(dict.fromkeys(names))
    known = ", ".join(TOPICS)
    if not topics:
        raise TopicError(f"no channel to record: there are {known}")
    for topic in topics:
        if topic in channels.PRIVATE_TOPICS:
            raise TopicError(
                f"{topic} is a private channel, a recording holds public ones only: {known}"
            )
        if topic not in TOPICS:
            raise TopicError(f"channel must be one of {known}, was {topic!r}")
    return topics
