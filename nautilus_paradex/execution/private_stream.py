"""The account's channels: which are asked for, and which part of the client each message goes to.

What a message means is decided there, not here. One that cannot be taken in costs itself only.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

from nautilus_trader.common.component import Logger
from websockets.frames import Opcode

from nautilus_paradex.execution.takeover import Takeover
from nautilus_paradex.protocol import channels
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.json_feed import Message
from nautilus_paradex.protocol.rpc import RpcError
from nautilus_paradex.transport.acting_account import ActingAccount
from nautilus_paradex.transport.frames import RawFrame, decode_frame
from nautilus_paradex.transport.websocket import ParadexWebSocketClient

__all__ = ["OPTIONAL_CHANNELS", "REQUIRED_CHANNELS", "Handlers", "PrivateStream"]

REQUIRED_CHANNELS: Final = (channels.ACCOUNT, channels.orders(), channels.fills())
"""Without these nothing can be traded: a refusal fails the connection."""

OPTIONAL_CHANNELS: Final = (
    channels.POSITIONS,
    channels.BALANCE_EVENTS,
    channels.funding_payments(),
    channels.TRADEBUSTS,
    channels.TRANSFERS,
)
"""A refusal of one of these is warned about: what they tell is found out later, or not at all."""

type Handlers = Mapping[type, Callable[[Any], None]]
"""Who takes in the messages of a type."""


class PrivateStream:
    """
    Takes apart what the private socket delivers.

    Parameters
    ----------
    handlers : Handlers
        Who takes in which message; messages of other types are counted and passed over.
    log : Logger
        The client's logger.
    account : ActingAccount
        Whose messages are taken in: the socket may carry those of an isolated account beside the
        main account's.
    takeover : Takeover
        Keeps messages while the platform takes over the account.

    Attributes
    ----------
    malformed : Counter of str
        Messages that could not be taken in, by the kind of the error.
    unknown : Counter of str
        Messages that nobody here takes in, by their type.
    foreign : int
        Messages of other accounts.

    """

    def __init__(
        self,
        handlers: Handlers,
        log: Logger,
        account: ActingAccount,
        takeover: Takeover,
    ) -> None:
        self._handlers = handlers
        self._log = log
        self._account = account
        self._takeover = takeover
        self.foreign = 0
        self.malformed: Counter[str] = Counter()
        self.unknown: Counter[str] = Counter()

    async def subscribe(self, socket: ParadexWebSocketClient) -> None:
        """
        Ask for every channel; a refused one that can be done without is warned about.

        Raises
        ------
        RpcError
            If the venue refuses a channel that cannot be done without.
        TimeoutError
            If it does not answer.

        """
        await self.ensure_required(socket)
        for channel in OPTIONAL_CHANNELS:
            try:
                await socket.subscribe(channel)
            except (RpcError, TimeoutError) as exc:
                self._log.warning(f"Channel {channel} is not available: {exc}")

    async def ensure_required(self, socket: ParadexWebSocketClient) -> None:
        """Ask for what is needed; no request is sent for what is subscribed already."""
        for channel in REQUIRED_CHANNELS:
            await socket.subscribe(channel)

    def take_frame(self, payload: bytes, opcode: Opcode) -> None:
        """Take in one frame, text (JSON) or binary (SBE); a malformed one is counted."""
        try:
            message = decode_frame(RawFrame(payload, opcode))
            if message is None:
                self._count_unknown("binary template")
            else:
                self.take(message)
        except ParadexError as exc:
            self._count_malformed(exc)

    def take(self, message: Message) -> None:
        """
        Hand a message to whoever takes in its type, unless it is of another account.

        Raises
        ------
        ParadexError
            If it cannot be taken in. It does not count as seen then.

        """
        account: str | None = getattr(message, "account", None)
        if not self._account.owns(account):
            self._count_foreign(account)
            return
        if not self._takeover.keep(message):
            self._hand_on(message)

    def take_kept(self, message: Message) -> None:
        """Hand on a message that was kept; one that cannot be taken in costs itself only."""
        try:
            self._hand_on(message)
        except ParadexError as exc:
            self._count_malformed(exc)
        except Exception as exc:  # noqa: BLE001 as on the socket: the others must not be lost with it
            self._log.exception("A private message could not be taken in", exc)

    def _hand_on(self, message: Message) -> None:
        handler = self._handlers.get(type(message))
        if handler is None:
            self._count_unknown(type(message).__name__)
        else:
            handler(message)

    def _count_unknown(self, kind: str) -> None:
        self.unknown[kind] += 1
        if self.unknown[kind] == 1:
            self._log.warning(f"Private message of unknown kind passed over, only counted: {kind}")

    def _count_foreign(self, account: str | None) -> None:
        self.foreign += 1
        if self.foreign == 1:
            self._log.warning(
                f"Messages of account {account} are passed over, only counted: this client acts "
                f"for {self._account.hex}",
            )

    def _count_malformed(self, exc: ParadexError) -> None:
        kind = type(exc).__name__
        self.malformed[kind] += 1
        if self.malformed[kind] == 1:
            self._log.error(f"Private message passed over (others of its kind are counted): {exc}")
