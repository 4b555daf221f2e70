"""
Identifiers of the adapter as the platform knows it.

Facts about the venue's protocol are not here: see `nautilus_paradex.protocol`.
"""

from typing import Final

from nautilus_trader.model.identifiers import ClientId, Venue

__all__ = ["PARADEX", "PARADEX_CLIENT_ID", "PARADEX_VENUE"]

PARADEX: Final = "PARADEX"
"""Name of the venue, and of its clients in a node's configuration."""

PARADEX_VENUE: Final = Venue(PARADEX)
PARADEX_CLIENT_ID: Final = ClientId(PARADEX)
