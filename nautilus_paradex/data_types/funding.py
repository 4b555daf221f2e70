"""Funding as custom data: what other venues pay, and what the account paid."""

from decimal import Decimal

from nautilus_trader.model.identifiers import InstrumentId

from nautilus_paradex.data_types.base import ParadexData, custom_data

__all__ = ["ParadexFundingComparison", "ParadexFundingPayment"]


@custom_data
class ParadexFundingComparison(ParadexData):
    """
    The funding rate of one market at one venue, channel ``funding_rate_comparison``.

    Parameters
    ----------
    instrument_id : InstrumentId
        The market, under its name at Paradex.
    source : str
        The venue that the rate is of, as Paradex writes it (``BINANCE``, ...).
    hourly_funding_rate : Decimal
        The rate an hour, with up to 12 decimals.
    asset_kind : str, optional
        What the market is (``PERP``, ...).

    """

    instrument_id: InstrumentId
    source: str
    hourly_funding_rate: Decimal
    asset_kind: str | None = None


@custom_data
class ParadexFundingPayment(ParadexData):
    """
    Funding that was realised into the account's balance, channel ``funding_payments``.

    Parameters
    ----------
    instrument_id : InstrumentId
        The market.
    payment_id : str
        The venue's id.
    payment : Decimal
        The amount in the settlement asset, with the venue's sign (positive when received: guess).
    index : Decimal, optional
        The market's funding index at the time.
    account : str, optional
        The account's address, as the venue writes it.
    fill_id : str, optional
        The fill that realised it, None where none did.

    """

    instrument_id: InstrumentId
    payment_id: str
    payment: Decimal
    index: Decimal | None = None
    account: str | None = None
    fill_id: str | None = None
