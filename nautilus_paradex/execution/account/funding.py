"""Funding payments of the account, as typed data for whoever subscribes to them or asks for them.

Each that comes while the client is connected is published once. What came before is told to who
asks: at a start nobody has subscribed yet. The balance they move is told by account states, not
here, and the platform's positions know nothing of them (docs/account-state.md).
"""

from collections.abc import Iterable
from typing import Final

from nautilus_trader.common.component import LiveClock, MessageBus

from nautilus_paradex.data_types import ParadexFundingPayment
from nautilus_paradex.execution.publishing import OncePublisher
from nautilus_paradex.parsing.custom_data import funding_payment
from nautilus_paradex.parsing.times import ns_from_ms
from nautilus_paradex.protocol import rest
from nautilus_paradex.protocol.numbers import to_int
from nautilus_paradex.transport.http import ParadexHttpClient

__all__ = ["FundingPayments"]

_PAGE_SIZE: Final = 5_000
_MAX_PAGES: Final = 20


class FundingPayments:
    """
    Publishes `ParadexFundingPayment`.

    Parameters
    ----------
    http : ParadexHttpClient
        The REST client.
    msgbus : MessageBus
        The platform's message bus.
    clock : LiveClock
        The platform's clock.

    """

    def __init__(self, http: ParadexHttpClient, msgbus: MessageBus, clock: LiveClock) -> None:
        self._http = http
        self._clock = clock
        self._publisher = OncePublisher(msgbus)

    def take(self, payment: rest.FundingPayment) -> None:
        """
        Publish a payment that was not published before.

        Raises
        ------
        MessageError
            If it has no amount or no time.

        """
        data = funding_payment(payment, self._clock.timestamp_ns())
        self._publisher.publish(payment.id, data)

    async def catch_up(self, since_ms: int, markets: Iterable[str]) -> None:
        """
        Publish the payments of some markets since a time that were missed.

        The venue is asked market by market, since it wants one (openapi).

        Raises
        ------
        RequestError
            If the venue could not be asked.
        MessageError
            If its answer could not be read.

        """
        for market in markets:
            for payment in await self._read(market, since_ms, None):
                self.take(payment)

    async def history(
        self,
        market: str,
        start_at_ms: int | None,
        end_at_ms: int | None,
    ) -> list[ParadexFundingPayment]:
        """
        Return the payments of a market within a span of time, the oldest first.

        Nothing is published. As with all history, they have the time of the event as ``ts_init``.

        Raises
        ------
        RequestError
            If the venue could not be asked, or lists too many.
        MessageError
            If its answer could not be read.

        """
        found = await self._read(market, start_at_ms, end_at_ms)
        return [
            funding_payment(payment, ns_from_ms(payment.created_at, "funding payment"))
            for payment in found
        ]

    async def _read(
        self,
        market: str,
        start_at_ms: int | None,
        end_at_ms: int | None,
    ) -> list[rest.FundingPayment]:
        async def fetch(cursor: str | None) -> rest.Page[rest.FundingPayment]:
            return await self._http.funding_payments(
                market,
                start_at_ms=start_at_ms,
                end_at_ms=end_at_ms,
                page_size=_PAGE_SIZE,
                cursor=cursor,
            )

        # The newest come first (guess).
        found = reversed(await self._http.all_pages(fetch, max_pages=_MAX_PAGES))
        return sorted(found, key=lambda payment: to_int(payment.created_at) or 0)
