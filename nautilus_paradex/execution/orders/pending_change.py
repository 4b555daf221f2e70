"""A modification that was asked for, and which order update is the answer to it.

Final is an update whose `request_info` says SUCCESS or REJECTED. The venue repeats the outcome of
an order's last request with later updates, whoever made it, and older wires have no such field: so
identity of the request, status and values are looked at together. Prices and sizes at 1e-8.
"""

from dataclasses import dataclass, field
from typing import Final

from nautilus_paradex.protocol.enums import RequestStatus
from nautilus_paradex.protocol.events import OrderEvent

__all__ = ["PendingChange", "Wanted"]

type Wanted = tuple[int | None, int | None, int | None]
"""Size, price and trigger price that were asked for; None for what the order does not have."""

_FINAL: Final = frozenset({RequestStatus.SUCCESS.value, RequestStatus.REJECTED.value})


@dataclass(slots=True)
class PendingChange:
    """
    The modification of one order that is under way, if any.

    Parameters
    ----------
    is_pending : bool, default False
        If one was asked for and not answered yet.

    """

    is_pending: bool = False
    _wanted: Wanted | None = field(default=None, init=False)
    _request_id: str | None = field(default=None, init=False)
    _request_before: str | None = field(default=None, init=False)
    _last_request: str | None = field(default=None, init=False)

    def expect(self, wanted: Wanted | None = None) -> None:
        """Note that a modification is on its way to the venue."""
        self.is_pending = True
        self._wanted = wanted
        self._request_id = None
        self._request_before = self._last_request

    def sent_as(self, request_id: str | None) -> None:
        """Note how the venue names the request, as its reply to it says."""
        self._request_id = request_id or None

    def settle(self) -> None:
        """Note that nothing is under way any more."""
        self.is_pending = False

    def answer_in(self, event: OrderEvent, *, has_changed: bool) -> RequestStatus | None:
        """
        Return what an update says of the modification: SUCCESS, REJECTED or, for neither, None.

        Parameters
        ----------
        event : OrderEvent
            An update of the order.
        has_changed : bool
            If size, price or trigger in it are not what they were before.

        """
        self._last_request = event.request_id or None
        if not self.is_pending or event.request_status == RequestStatus.PENDING:
            return None
        answer = self._answer(event, self._is_as_wanted(event, has_changed))
        self.is_pending = answer is None
        return answer

    def _answer(self, event: OrderEvent, is_as_wanted: bool) -> RequestStatus | None:
        if event.request_id and event.request_id == self._request_before:
            return None
        names_another = event.request_id and self._request_id not in (None, event.request_id)
        if event.request_status in _FINAL and not names_another:
            return RequestStatus(event.request_status)
        if is_as_wanted and event.request_status != RequestStatus.REJECTED:
            return RequestStatus.SUCCESS
        return None

    def _is_as_wanted(self, event: OrderEvent, has_changed: bool) -> bool:
        if self._wanted is None:
            return has_changed
        told = (event.size, event.price, event.trigger_price)
        return all(w is None or w == t for w, t in zip(self._wanted, told, strict=True))
