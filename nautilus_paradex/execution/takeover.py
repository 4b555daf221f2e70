"""The time in which the platform takes over the account: nothing else is told to it meanwhile.

A mass status is of one moment, and the engine works it in later. An order that fills in between
would be ahead of its report, which the engine takes for corrupted state, and a position ahead of
its report would be "corrected" by an invented fill. What the channels bring is therefore kept, and
goes its way once the mass status is worked in. At a start that may take its time, since no strategy
runs yet; of one asked for later it is bounded.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

from nautilus_trader.common.component import Logger, MessageBus
from nautilus_trader.execution.reports import ExecutionMassStatus
from nautilus_trader.model.identifiers import ClientId

from nautilus_paradex.constants import PARADEX_VENUE
from nautilus_paradex.execution.errors import ReadingTimeoutError
from nautilus_paradex.protocol.enums import OrderStatus
from nautilus_paradex.protocol.events import FillEvent, OrderEvent
from nautilus_paradex.protocol.json_feed import Message

__all__ = ["Takeover"]

_LIMIT_SECS: Final = 30.0  # the engine waits for the mass status of other clients too

# Of a node that trades: together well below the half minute after which the platform ends an order
# that it hears nothing of.
_LATER_READING_SECS: Final = 10.0
_LATER_LIMIT_SECS: Final = 10.0

# The engine tells of a mass status twice at a start, else once. The time for the second word is
# waited in steps: a loop that is kept busy skips one of them at most, and the engine has its turn.
_LAST_WORD_STEPS: Final = 5
_LAST_WORD_STEP_SECS: Final = 0.05


class Takeover:
    """
    Keeps private messages from the reading of the account until the engine has taken it over.

    Parameters
    ----------
    msgbus : MessageBus
        The platform's message bus: the engine publishes a mass status when it has worked it in.
    client_id : ClientId
        The client whose mass status is waited for.
    log : Logger
        The client's logger.
    deliver : callable
        Where messages go once they are let through.
    on_taken_over : callable
        Called when the engine has worked the mass status in, after the messages.

    """

    def __init__(
        self,
        msgbus: MessageBus,
        client_id: ClientId,
        log: Logger,
        deliver: Callable[[Message], None],
        on_taken_over: Callable[[], None],
    ) -> None:
        self._client_id = client_id
        self._log = log
        self._deliver = deliver
        self._on_taken_over = on_taken_over
        self._held: list[Message] = []
        self._closed_ids: frozenset[str | None] = frozenset()
        self._is_worked_in = False
        self._has_taken_over = False
        self._timer: asyncio.TimerHandle | None = None
        self._over = asyncio.Event()
        self._over.set()
        msgbus.subscribe(f"reports.execution.{PARADEX_VENUE}", self._on_published)

    @property
    def is_under_way(self) -> bool:
        """Whether messages are kept."""
        return not self._over.is_set()

    @property
    def held_fills(self) -> list[FillEvent]:
        """The fills among the messages that are kept, in the order of their arrival."""
        return [message for message in self._held if isinstance(message, FillEvent)]

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[None]:
        """
        Keep messages from here on: what they tell is in the reading that follows, or later.

        Without an error in it messages are kept until the engine has taken over what was read, not
        without limit.

        Raises
        ------
        ReadingTimeoutError
            If the reading takes too long, and is not the one of a start.

        """
        limit_secs = _LATER_READING_SECS if self._has_taken_over else None
        self._stop_timer()
        self._is_worked_in = False
        self._closed_ids = frozenset()
        self._over.clear()
        try:
            async with asyncio.timeout(limit_secs) as limit:
                yield
        except BaseException as exc:  # a cancelled reading must not keep the messages for good
            self._let_through()
            if isinstance(exc, TimeoutError) and limit.expired():
                raise ReadingTimeoutError(
                    f"the account was not read within {limit_secs:g} s, and order events of a node "
                    "that trades do not wait longer: ask again, or for a shorter lookback"
                ) from None
            raise
        self._start_timer(_LATER_LIMIT_SECS if self._has_taken_over else _LIMIT_SECS, self._give_up)

    def expect(self, orders: Iterable[OrderEvent]) -> None:
        """Note what the engine will be told of orders."""
        self._closed_ids = frozenset(o.order_id for o in orders if o.status == OrderStatus.CLOSED)

    def keep(self, message: Message) -> bool:
        """Keep a message for later, and return whether that was done."""
        if self.is_under_way:
            self._held.append(message)
        return self.is_under_way

    def end(self) -> None:
        """Let the messages through, for good: the next reading is that of another start."""
        self._let_through()
        self._has_taken_over = False

    async def until_over(self) -> None:
        """Wait until messages go their way again."""
        await self._over.wait()

    def _let_through(self) -> None:
        """Let the messages through, less those that the mass status has overtaken."""
        self._stop_timer()
        self._over.set()
        held, self._held = self._held, []
        for message in held:
            if not self._is_overtaken(message):
                self._deliver(message)
        self._closed_ids = frozenset()

    def _is_overtaken(self, message: Message) -> bool:
        # It would seem to be alive at the venue after its end.
        return (
            isinstance(message, OrderEvent)
            and message.status != OrderStatus.CLOSED
            and message.order_id in self._closed_ids
        )

    def _on_published(self, report: object) -> None:
        if not isinstance(report, ExecutionMassStatus) or report.client_id != self._client_id:
            return
        # The first word comes in the middle of a start: questions for positions are still to come.
        is_last = self._is_worked_in or not self.is_under_way
        self._is_worked_in = True
        self._await_last_word(0 if is_last else _LAST_WORD_STEPS)

    def _await_last_word(self, steps: int) -> None:
        if steps:
            self._start_timer(_LAST_WORD_STEP_SECS, partial(self._await_last_word, steps - 1))
        else:
            self._start_timer(0.0, self._finish)

    def _finish(self) -> None:
        self._let_through()
        self._has_taken_over = True
        self._on_taken_over()

    def _give_up(self) -> None:
        self._log.warning(
            "The engine has not taken the mass status over in time: orders and fills are told again"
        )
        self._let_through()

    def _start_timer(self, delay_secs: float, callback: Callable[[], None]) -> None:
        self._stop_timer()
        self._timer = asyncio.get_running_loop().call_later(delay_secs, callback)

    def _stop_timer(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
