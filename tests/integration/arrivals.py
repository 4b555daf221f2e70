"""Every order in which what belongs to one order at the venue can reach its client.

Not a test module, and pure: it is told what the venue says at each step of an order's life, and
gives every sequence of the strategy's commands, the answers to them and the messages. Left out is
only what cannot be: an answer before its question, news before it is made, a command for an order
that is known to be over.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Final, NamedTuple

__all__ = [
    "ACCOUNT",
    "FILLS",
    "NOTHING_YET",
    "ORDERS",
    "Arrival",
    "Arrivals",
    "Kind",
    "Life",
    "Step",
]

NOTHING_YET: Final = -1  # the venue has done no step
ORDERS: Final = "orders"
FILLS: Final = "fills"
ACCOUNT: Final = "account"


class Kind(Enum):
    """What can happen on the client's side."""

    ASK = "ask"
    """The strategy gives the command of a step."""

    ANSWER = "answer"
    """The reply to it comes."""

    TELL = "tell"
    """A message of a step comes."""

    LOSE = "lose"
    """The connection is lost, with what is on it, and is back: the venue has come to a step."""


class Arrival(NamedTuple):
    """Something that happens on the client's side; `message` is the number of one of a step."""

    kind: Kind
    step: int
    message: int = 0

    def __repr__(self) -> str:
        which = f".{self.message}" if self.kind == Kind.TELL else ""
        return f"{self.kind.value} {self.step}{which}"


type Arrivals = tuple[Arrival, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """What the venue does once: whether it was asked to, and the channel of each message of it."""

    is_command: bool
    channels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Life:
    """
    What happens to an order at the venue, in the venue's order.

    Parameters
    ----------
    steps : tuple of Step
        The first is the command that submits it.
    asked : tuple of int
        The steps that are commands, in the order in which the strategy gives them.
    ends_filled : bool
        If the order is over with its last fill.

    """

    steps: tuple[Step, ...]
    asked: tuple[int, ...]
    ends_filled: bool = False

    @cached_property
    def channels(self) -> dict[str, list[Arrival]]:
        """The messages of each channel, in its order."""
        channels: dict[str, list[Arrival]] = {}
        for number, step in enumerate(self.steps):
            for message, channel in enumerate(step.channels):
                channels.setdefault(channel, []).append(Arrival(Kind.TELL, number, message))
        return channels

    def orders_of_arrival(
        self,
        *,
        asked_at_once: bool = False,
        answered_in_turn: bool = False,
        told_in_turn: bool = False,
    ) -> Iterator[Arrivals]:
        """
        Give every sequence.

        Parameters
        ----------
        asked_at_once : bool, default False
            Only those in which the strategy gives its commands as soon as it can.
        answered_in_turn : bool, default False
            Only those in which no answer overtakes another.
        told_in_turn : bool, default False
            Only those in which no message overtakes another of its channel.

        """
        asks = [Arrival(Kind.ASK, number) for number in self.asked]
        answers = [[Arrival(Kind.ANSWER, number) for number in self.asked]]
        messages = list(self.channels.values())
        queues = [
            asks,
            *(answers if answered_in_turn else _each_apart(answers)),
            *(messages if told_in_turn else _each_apart(messages)),
        ]
        yield from self._continued((), queues, asked_at_once)

    def _continued(
        self,
        past: Arrivals,
        queues: list[list[Arrival]],
        asked_at_once: bool,
    ) -> Iterator[Arrivals]:
        if not any(queues):
            yield past
        for number, queue in enumerate(queues):
            if queue and self._may_follow(past, queue[0]):
                rest = [*queues[:number], queue[1:], *queues[number + 1 :]]
                yield from self._continued((*past, queue[0]), rest, asked_at_once)
                if asked_at_once and queue[0].kind == Kind.ASK:
                    return

    def with_a_repetition(self, arrivals: Arrivals) -> Iterator[Arrivals]:
        """Give the sequences in which one of the messages comes once more, at any time later."""
        for place, arrival in enumerate(arrivals):
            if arrival.kind == Kind.TELL:
                for later in range(place + 1, len(arrivals) + 1):
                    yield (*arrivals[:later], arrival, *arrivals[later:])

    def with_a_loss(self, arrivals: Arrivals) -> Iterator[Arrivals]:
        """Give the sequences with a lost connection in them, and all that may be lost with it."""
        for place in range(1, len(arrivals) + 1):
            past, rest = arrivals[:place], arrivals[place:]
            is_all_sent = all(self._has_left(past, number) for number in self.asked)
            for step in range(self._seen(past), self._reached(past) + 1):
                if self._is_over(step) and not is_all_sent:
                    continue  # and nothing more is sent
                kept = (a for a in rest if a.kind != Kind.TELL or a.step > step)
                yield (*past, Arrival(Kind.LOSE, step), *kept)

    # -- What can be -----------------------------------------------------------------------------

    def _may_follow(self, past: Arrivals, arrival: Arrival) -> bool:
        if arrival.kind != Kind.ASK:
            return arrival.step <= self._reached(past)
        # A strategy asks nothing of an order that is over; a change that has not left when a cancel
        # is asked for is not sent any more.
        asked = [a.step for a in past if a.kind == Kind.ASK]
        return all(self._has_left(past, step) for step in asked) and not self._is_known_filled(past)

    def _reached(self, past: Arrivals) -> int:
        """Return the last step that the venue can have done, having been asked for what it took."""
        for number, step in enumerate(self.steps):
            if step.is_command and not self._has_left(past, number):
                return number - 1
        return len(self.steps) - 1

    def _seen(self, past: Arrivals) -> int:
        """Return the last step that the venue must have done, to have said what it has."""
        return max(
            (a.step for a in past if a.kind in (Kind.ANSWER, Kind.TELL)), default=NOTHING_YET
        )

    def _has_left(self, past: Arrivals, number: int) -> bool:
        """
        Whether a command is on its way.

        All but the first name the order by the venue's id: they wait until that is known, and are
        not sent any more if the order proves to be over then.
        """
        if Arrival(Kind.ASK, number) not in past:
            return False
        if number == self.asked[0]:
            return True
        named = next((place for place, a in enumerate(past) if self._names(a)), None)
        if named is None:
            return False
        sent = max(named, past.index(Arrival(Kind.ASK, number)))
        return not self._is_known_filled(past[: sent + 1])

    def _names(self, arrival: Arrival) -> bool:
        if arrival.kind == Kind.TELL:
            return self.steps[arrival.step].channels[arrival.message] != ACCOUNT
        return arrival.kind == Kind.ANSWER

    def _is_known_filled(self, past: Arrivals) -> bool:
        return self.ends_filled and set(self.channels[FILLS]) <= set(past)

    def _is_over(self, number: int) -> bool:
        """Whether nothing more is said of the order after a step."""
        return number >= self.channels[ORDERS][-1].step


def _each_apart(queues: list[list[Arrival]]) -> list[list[Arrival]]:
    return [[arrival] for queue in queues for arrival in queue]
