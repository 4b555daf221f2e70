"""
Typed data of Paradex that the platform has no class for, known to bus and catalog on import.

Not here: how the wire becomes them (`nautilus_paradex.parsing.custom_data`).
"""

from nautilus_paradex.data_types.base import ParadexData
from nautilus_paradex.data_types.columns import BookLevel
from nautilus_paradex.data_types.funding import ParadexFundingComparison, ParadexFundingPayment
from nautilus_paradex.data_types.interactive import (
    ParadexInteractiveBook,
    ParadexInteractiveQuote,
)
from nautilus_paradex.data_types.market_summary import ParadexMarketSummary
from nautilus_paradex.data_types.system_state import ParadexSystemState
from nautilus_paradex.data_types.trade_bust import ParadexTradeBust

__all__ = [
    "BookLevel",
    "ParadexData",
    "ParadexFundingComparison",
    "ParadexFundingPayment",
    "ParadexInteractiveBook",
    "ParadexInteractiveQuote",
    "ParadexMarketSummary",
    "ParadexSystemState",
    "ParadexTradeBust",
]
