"""What a request consists of, before anything is done about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from nautilus_paradex.transport.rate_limit import RateClass

__all__ = ["Call", "Params"]

type Params = Mapping[str, str | int | None]
"""Query parameters; those that are None are left out."""


@dataclass(frozen=True, slots=True)
class Call:
    """
    What to request.

    Attributes
    ----------
    method : str
        HTTP method; ``RPC`` over the socket.
    path : str
        Below the base address, with its parts quoted; the name of the method over the socket.
    content : bytes, optional
        JSON body.
    private : bool
        If the request carries the session's token.
    repeatable : bool
        If sending it twice changes nothing, so that it may be retried whatever became of it.
    is_urgent : bool
        If it overtakes others that wait for their turn.
    max_wait_secs : float, optional
        How long it may wait to be sent, for its turn and between tries: what is signed goes stale.
    """

    method: str
    path: str
    rate_class: RateClass
    params: Params = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None
    private: bool = False
    repeatable: bool = False
    is_urgent: bool = False
    max_wait_secs: float | None = None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"
