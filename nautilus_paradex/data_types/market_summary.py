"""The whole ticker of a market as custom data."""

from decimal import Decimal

from nautilus_trader.model.identifiers import InstrumentId

from nautilus_paradex.data_types.base import ParadexData, custom_data

__all__ = ["ParadexMarketSummary"]


@custom_data
class ParadexMarketSummary(ParadexData):
    """
    The ticker of a market, channel ``markets_summary``.

    Every number may be None: the venue leaves out what a market does not have (openapi, schema).

    Parameters
    ----------
    instrument_id : InstrumentId
        The market.
    mark_price, index_price, last_price : Decimal, optional
        The mark price, the underlying's price, the price of the last trade.
    bid_price, bid_size, ask_price, ask_size : Decimal, optional
        The best orders of the book.
    volume_usd_24h, total_volume_usd : Decimal, optional
        Traded in 24 hours and since the listing, USD. Over the binary feed the second stops at
        92233720368.54775807 (schema).
    open_interest : Decimal, optional
        In the base currency.
    price_change_rate_24h : Decimal, optional
        A change of 1 % is 0.01.
    funding_rate : Decimal, optional
        Of the market's own funding period, with 12 decimals where the venue sends them.
    future_funding_rate : Decimal, optional
        The smoothed funding rate of the future, for options.
    external_fair_price : Decimal, optional
        The spot price with the median basis of other venues.
    forward_rate, risk_free_rate : Decimal, optional
        Rates a year, of dated options.
    mark_iv, bid_iv, ask_iv, last_iv : Decimal, optional
        Implied volatilities a year (0.5 is 50 %), of options.
    delta, gamma, vega, theta, rho, volga, vanna : Decimal, optional
        The greeks of an option; a perpetual has some of them.
    sequence : int, optional
        The venue's number of the update; only the binary feed has one.

    """

    instrument_id: InstrumentId
    mark_price: Decimal | None = None
    index_price: Decimal | None = None
    last_price: Decimal | None = None
    bid_price: Decimal | None = None
    bid_size: Decimal | None = None
    ask_price: Decimal | None = None
    ask_size: Decimal | None = None
    volume_usd_24h: Decimal | None = None
    total_volume_usd: Decimal | None = None
    open_interest: Decimal | None = None
    price_change_rate_24h: Decimal | None = None
    funding_rate: Decimal | None = None
    future_funding_rate: Decimal | None = None
    external_fair_price: Decimal | None = None
    forward_rate: Decimal | None = None
    risk_free_rate: Decimal | None = None
    mark_iv: Decimal | None = None
    bid_iv: Decimal | None = None
    ask_iv: Decimal | None = None
    last_iv: Decimal | None = None
    delta: Decimal | None = None
    gamma: Decimal | None = None
    vega: Decimal | None = None
    theta: Decimal | None = None
    rho: Decimal | None = None
    volga: Decimal | None = None
    vanna: Decimal | None = None
    sequence: int | None = None
