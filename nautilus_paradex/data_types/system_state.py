"""The state of the venue's system, as custom data."""

from nautilus_paradex.data_types.base import ParadexData, custom_data

__all__ = ["ParadexSystemState"]


@custom_data
class ParadexSystemState(ParadexData):
    """
    In which state the venue's system is from here on, ``GET /system/state``.

    The venue does not say since when: both times are those of the answer that first showed it.

    Parameters
    ----------
    status : str
        ``ok``; ``cancel_only`` and ``post_only`` in the release window, in which triggers pause;
        ``maintenance``; or a state that this version does not know.

    """

    status: str
