"""A fill that was taken back, as custom data."""

from nautilus_paradex.data_types.base import ParadexData, custom_data

__all__ = ["ParadexTradeBust"]


@custom_data
class ParadexTradeBust(ParadexData):
    """
    A fill of the account that failed on chain and was undone, channel ``tradebusts``.

    The platform has no event that takes a fill back: the order keeps it, and the execution client
    brings position and fees in line by a fill the other way. The venue names no market (openapi).

    Parameters
    ----------
    fill_id : str
        The id of the fill.
    account : str, optional
        The account's address, as the venue writes it.

    """

    fill_id: str
    account: str | None = None
