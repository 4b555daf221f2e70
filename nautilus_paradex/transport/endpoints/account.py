"""Endpoints about the account: collateral, positions, margin, fills, payments, transfers."""

import msgspec

from nautilus_paradex.protocol.errors import MessageError
from nautilus_paradex.protocol.margin import MarginConfigs, MarginRequest, MarginUpdate
from nautilus_paradex.protocol.rest import (
    AccountInfo,
    AccountSummary,
    Balance,
    Fill,
    FundingPayment,
    Page,
    Position,
    Results,
    TradeBust,
    Transfer,
)
from nautilus_paradex.transport.call import Call
from nautilus_paradex.transport.endpoints.base import Endpoints, page_params, segment
from nautilus_paradex.transport.rate_limit import RateClass

__all__ = ["AccountEndpoints"]


class AccountEndpoints(Endpoints):
    """Reads of the account that the client acts for, and its settings."""

    async def account_summary(self) -> AccountSummary:
        """
        Return collateral and margin.

        Raises
        ------
        MessageError
            If those of an isolated account were asked for and the venue tells another's.
        """
        acting = self.acting_account
        summary = await self._read_private(
            "/account",
            AccountSummary,
            subaccount_address=acting.hex if acting.is_isolated else None,
        )
        if acting.is_isolated and not acting.owns(summary.account):
            raise MessageError(f"asked for account {acting.hex}, was told of {summary.account}")
        return summary

    async def account_info(self) -> list[AccountInfo]:
        """Return the account and those that hang on it, with their fee rates."""
        reply = await self._read_private("/account/info", Results[AccountInfo])
        return reply.results or []

    async def margin_configs(self, market: str) -> MarginConfigs:
        """Return the leverage and margin type of a market."""
        return await self._read_private("/account/margin", MarginConfigs, market=market)

    async def set_margin(self, market: str, setting: MarginRequest) -> MarginUpdate:
        """
        Choose the leverage and margin type of a market.

        Taken to count against the limits of orders (guess). It is sent again where its outcome is
        unknown: choosing the same twice changes nothing.
        """
        call = Call(
            "POST",
            f"/account/margin/{segment(market)}",
            RateClass.ORDERS,
            content=msgspec.json.encode(setting),
            private=True,
            repeatable=True,
        )
        return await self._caller.fetch(call, MarginUpdate)

    async def balances(self) -> list[Balance]:
        """
        Return the balance of each token; none for an isolated account.

        The venue tells the requester's own (openapi), that is the main account's, and an isolated
        account holds nothing but its collateral.
        """
        if self.acting_account.is_isolated:
            return []
        return (await self._read_private("/balance", Results[Balance])).results or []

    async def positions(self) -> list[Position]:
        """Return the positions, closed ones among them."""
        return await self._read_list("/positions", Results[Position])

    async def fills(
        self,
        *,
        market: str | None = None,
        start_at_ms: int | None = None,
        end_at_ms: int | None = None,
        page_size: int | None = None,
        cursor: str | None = None,
    ) -> Page[Fill]:
        """Return a page of the account's fills, at most 5,000. There is no order id filter."""
        window = page_params(start_at_ms, end_at_ms, page_size, cursor)
        return await self._read_page("/fills", Page[Fill], market=market, **window)

    async def funding_payments(
        self,
        market: str,
        *,
        start_at_ms: int | None = None,
        end_at_ms: int | None = None,
        page_size: int | None = None,
        cursor: str | None = None,
    ) -> Page[FundingPayment]:
        """Return a page of funding payments of a market; the venue wants one (openapi)."""
        window = page_params(start_at_ms, end_at_ms, page_size, cursor)
        return await self._read_page(
            "/funding/payments", Page[FundingPayment], market=market, **window
        )

    async def transfers(
        self,
        *,
        status: str | None = None,
        start_at_ms: int | None = None,
        end_at_ms: int | None = None,
        page_size: int | None = None,
        cursor: str | None = None,
    ) -> Page[Transfer]:
        """Return a page of deposits, withdrawals and vault movements."""
        window = page_params(start_at_ms, end_at_ms, page_size, cursor)
        return await self._read_page("/transfers", Page[Transfer], status=status, **window)

    async def tradebusts(
        self,
        *,
        start_at_ms: int | None = None,
        end_at_ms: int | None = None,
        page_size: int | None = None,
        cursor: str | None = None,
    ) -> Page[TradeBust]:
        """Return a page of fills that failed on chain and were taken back."""
        window = page_params(start_at_ms, end_at_ms, page_size, cursor)
        return await self._read_page("/tradebusts", Page[TradeBust], **window)
