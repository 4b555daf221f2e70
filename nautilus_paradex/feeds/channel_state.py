"""
How far one channel got: whether it is wanted, open, and since when it has been silent.

Plain state. `subscriber` acts on it; which market's uses want a stream is in `market`.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

from nautilus_paradex.feeds.lanes import Lane

__all__ = ["ChannelState"]

_FIRST_WORDS_NS: Final = 5_000_000_000


class ChannelState:
    """
    One channel that somebody may want; here one that is counted by its users.

    Parameters
    ----------
    channel : str
        Its name at the venue.
    lane : Lane
        The connections that it may go over.
    silence_secs : int, optional
        A channel that is silent for longer is subscribed to afresh although the socket is open.
        None never is: it may be silent for days.
    params : Mapping[str, object], optional
        Further parameters of the subscribe request.

    Attributes
    ----------
    users : int
        How many uses have begun and not ended.
    is_asked_for, is_open : bool
        Whether the venue was asked for it, and whether it confirmed.
    asked_ns, opened_ns, seen_ns : int
        When it was last asked for, when that was confirmed, and when it last spoke; the first and
        the last are equal until the first word.
    attempts : int
        How often it was restarted without a word since.
    is_reported : bool
        Whether its silence since it was opened was reported.

    """

    __slots__ = (
        "asked_ns",
        "attempts",
        "channel",
        "is_asked_for",
        "is_open",
        "is_reported",
        "lane",
        "lock",
        "opened_ns",
        "params",
        "seen_ns",
        "silence_secs",
        "users",
    )

    def __init__(
        self,
        channel: str,
        lane: Lane,
        silence_secs: int | None,
        params: Mapping[str, object] | None = None,
    ) -> None:
        self.channel = channel
        self.lane = lane
        self.silence_secs = silence_secs
        self.params: dict[str, object] = dict(params or {})
        self.users = 0
        self.is_asked_for = False
        self.is_open = False
        self.is_reported = False
        self.asked_ns = 0
        self.opened_ns = 0
        self.seen_ns = 0
        self.attempts = 0
        self.lock = asyncio.Lock()

    @property
    def key(self) -> str:
        """What tells it from all others: its name, with its parameters if there are any."""
        parts = (f"{name}={value}" for name, value in sorted(self.params.items()))
        return "&".join((self.channel, *parts))

    @property
    def request_params(self) -> Mapping[str, object]:
        """Further parameters of the subscribe request."""
        return self.params

    @property
    def is_wanted(self) -> bool:
        """Whether anybody uses it."""
        return self.users > 0

    @property
    def is_settled(self) -> bool:
        """Whether it is as it is wanted, if it is open."""
        return self.is_wanted

    @property
    def is_broken(self) -> bool:
        """Whether it cannot be of use as it is, as opposed to being quiet."""
        return not self.is_open

    @property
    def has_spoken(self) -> bool:
        """Whether it is open and spoke since it was asked for."""
        return self.is_open and self.seen_ns > self.asked_ns

    @property
    def is_alive(self) -> bool:
        """Whether it still spoke some time after it was opened, beyond a first snapshot."""
        return self.seen_ns - self.opened_ns > _FIRST_WORDS_NS

    def note_life(self) -> None:
        """Count no more what was counted for want of a word."""
        if self.has_spoken:
            self.is_reported = False
        if self.is_alive:
            self.attempts = 0

    def forget(self) -> None:
        """Count as never opened."""
        self.is_open = False
        self.is_reported = False
        self.attempts = 0

    def restart_clock(self, now_ns: int) -> None:
        """Measure its silence from now on."""
        self.asked_ns = self.opened_ns = self.seen_ns = now_ns
