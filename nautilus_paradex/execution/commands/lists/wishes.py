"""What strategies have asked for of the orders of their lists, beyond what the orders say.

Orders are kept by a cache database, what was asked for with a command is not: that is written
beside them here, so that the next run finds it.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import Logger
from nautilus_trader.model.identifiers import ClientId, ClientOrderId
from nautilus_trader.model.orders import Order

__all__ = ["Wish", "Wishes"]

_MAX_WISHES: Final = 10_000


@dataclass(slots=True)
class Wish:
    """
    What was asked for of one order.

    Parameters
    ----------
    params : mapping, optional
        The params that it was submitted with.
    is_new : bool, default False
        If it is known that no earlier run has sent the order.
    size_e8 : int, optional
        The size (1e-8) that it was changed to, None if it was not.
    is_unwanted : bool, default False
        If it was cancelled while nobody knew whether the venue has it.
    is_mourned : bool, default False
        If it has been told already that the order is missing.

    """

    params: Mapping[str, object] | None = None
    is_new: bool = False
    size_e8: int | None = None
    is_unwanted: bool = False
    is_mourned: bool = False


class _Kept(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a later run has to know of a wish."""

    params: dict[str, Any] | None = None
    size_e8: int | None = None
    is_unwanted: bool = False


_NOTHING: Final = _Kept()


class Wishes:
    """
    Keeps the wishes of the orders that were seen last.

    Parameters
    ----------
    cache : Cache
        The platform's cache; where it has a database, wishes are kept over a restart.
    client_id : ClientId
        The client whose orders they are of.
    log : Logger
        The client's logger.

    """

    def __init__(self, cache: Cache, client_id: ClientId, log: Logger) -> None:
        self._cache = cache
        self._key = f"{client_id.value}.wishes"
        self._written = cache.get(self._key)
        self._wishes: OrderedDict[ClientOrderId, Wish] = OrderedDict()
        self._read(log)

    def of(self, order: Order) -> Wish:
        """Return what was asked for of an order; `keep` what is changed of it."""
        wish = self._wishes.setdefault(order.client_order_id, Wish())
        self._wishes.move_to_end(order.client_order_id)
        if len(self._wishes) > _MAX_WISHES:
            self._wishes.popitem(last=False)
        return wish

    def begin(self, order: Order, params: Mapping[str, object] | None) -> None:
        """Note that an order of this run waits to be sent."""
        wish = self.of(order)
        wish.params, wish.is_new = params, True

    def keep(self) -> None:
        """Write down what the next run has to know of orders that have not ended."""
        if not self._cache.has_backing:
            return
        kept = {name.value: _kept(wish) for name, wish in self._wishes.items()}
        wanted = {
            name: said
            for name, said in kept.items()
            if said != _NOTHING and self._is_alive(ClientOrderId(name))
        }
        content = msgspec.json.encode(wanted, enc_hook=str)
        if content != self._written and (wanted or self._written):
            self._cache.add(self._key, content)
            self._written = content

    def _read(self, log: Logger) -> None:
        if not self._written:
            return
        try:
            kept = msgspec.json.decode(self._written, type=dict[str, _Kept])
        except msgspec.DecodeError as exc:
            log.error(f"Params of orders of an earlier run cannot be read: {exc}")
            return
        for name, said in kept.items():
            if self._is_alive(client_order_id := ClientOrderId(name)):
                self._wishes[client_order_id] = Wish(
                    params=said.params, size_e8=said.size_e8, is_unwanted=said.is_unwanted
                )

    def _is_alive(self, client_order_id: ClientOrderId) -> bool:
        order = self._cache.order(client_order_id)
        return order is not None and not order.is_closed


def _kept(wish: Wish) -> _Kept:
    params = dict(wish.params) if wish.params else None
    return _Kept(params, wish.size_e8, wish.is_unwanted)
