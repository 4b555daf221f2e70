"""From an order in the venue's words to a request that carries its signature."""

from decimal import Decimal
from typing import Final

from nautilus_paradex.config import ParadexExecClientConfig
from nautilus_paradex.parsing.algos import TwapDraft
from nautilus_paradex.parsing.order_types import VENUE_SIDES
from nautilus_paradex.parsing.orders import OrderDraft
from nautilus_paradex.protocol.algos import AlgoOrderRequest
from nautilus_paradex.protocol.enums import AlgoType, OrderType
from nautilus_paradex.protocol.errors import SigningError
from nautilus_paradex.protocol.rest import ModifyRequest, OrderRequest
from nautilus_paradex.protocol.signing import ParadexSigner
from nautilus_paradex.transport.http import ParadexHttpClient

__all__ = ["RequestSigner"]

_NO_PRICE: Final = Decimal(0)


class RequestSigner:
    """
    Signs what is about to be sent, at the venue's time.

    Parameters
    ----------
    http : ParadexHttpClient
        Holds the key and the venue's clock.
    config : ParadexExecClientConfig
        The client's settings: receive window and account.

    """

    def __init__(self, http: ParadexHttpClient, config: ParadexExecClientConfig) -> None:
        self._http = http
        self._config = config

    def order(self, draft: OrderDraft) -> OrderRequest:
        """
        Return the request that places an order.

        Raises
        ------
        SigningError
            If there is no private key, or a number cannot be signed.

        """
        signed_at_ms = self._http.clock.now_ms()
        signature = self._signer().sign_order(
            timestamp_ms=signed_at_ms,
            market=draft.market,
            side=draft.side,
            order_type=draft.type,
            size=draft.size,
            price=draft.price or _NO_PRICE,
        )
        return OrderRequest(
            market=draft.market,
            side=draft.side,
            type=draft.type,
            size=f"{draft.size:f}",
            price=_text(draft.price),
            trigger_price=_text(draft.trigger_price),
            instruction=draft.instruction,
            flags=draft.flags or None,
            client_id=draft.client_id,
            stp=draft.stp,
            vwap_price=_text(draft.vwap_price),
            dime_discount=draft.dime_discount,
            signature=signature,
            signature_timestamp=signed_at_ms,
            recv_window=draft.recv_window_ms or self._config.recv_window_ms,
            on_behalf_of_account=self._config.on_behalf_of_account,
        )

    def twap(self, draft: TwapDraft, market: str) -> AlgoOrderRequest:
        """
        Return the request that starts a TWAP, signed as a market order of its whole size.

        Raises
        ------
        SigningError
            If there is no private key, or a number cannot be signed.

        """
        side, size = VENUE_SIDES[draft.side], draft.quantity.as_decimal()
        signed_at_ms = self._http.clock.now_ms()
        signature = self._signer().sign_order(
            timestamp_ms=signed_at_ms,
            market=market,
            side=side,
            order_type=OrderType.MARKET.value,
            size=size,
            price=Decimal(0),
        )
        return AlgoOrderRequest(
            algo_type=AlgoType.TWAP.value,
            market=market,
            side=side,
            type=OrderType.MARKET.value,
            size=f"{size:f}",
            duration_seconds=draft.duration_secs,
            frequency=draft.frequency_secs,
            signature=signature,
            signature_timestamp=signed_at_ms,
            recv_window=self._config.recv_window_ms,
            on_behalf_of_account=self._config.on_behalf_of_account,
        )

    def change(self, draft: OrderDraft, venue_order_id: str) -> ModifyRequest:
        """
        Return the request that makes an order what `draft` says; its size is the new total.

        An order without a price says 0, as the venue does of it (openapi: the field is required).

        Raises
        ------
        SigningError
            If there is no private key, or a number cannot be signed.

        """
        signed_at_ms = self._http.clock.now_ms()
        price = draft.price or _NO_PRICE
        signature = self._signer().sign_modify_order(
            timestamp_ms=signed_at_ms,
            market=draft.market,
            side=draft.side,
            order_type=draft.type,
            size=draft.size,
            price=price,
            order_id=venue_order_id,
        )
        return ModifyRequest(
            id=venue_order_id,
            market=draft.market,
            side=draft.side,
            type=draft.type,
            size=f"{draft.size:f}",
            price=f"{price:f}",
            trigger_price=_text(draft.trigger_price),
            signature=signature,
            signature_timestamp=signed_at_ms,
            on_behalf_of_account=self._config.on_behalf_of_account,
        )

    def _signer(self) -> ParadexSigner:
        signer = self._http.signer
        if signer is None:
            raise SigningError("no private key: a read-only token cannot place or change orders")
        return signer


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"
