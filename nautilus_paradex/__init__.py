"""
NautilusTrader adapter for Paradex.

Names are imported on first use: `import nautilus_paradex.protocol` (or `transport`) loads nothing
of NautilusTrader.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from nautilus_paradex.config import ParadexDataClientConfig, ParadexExecClientConfig
    from nautilus_paradex.constants import PARADEX, PARADEX_CLIENT_ID, PARADEX_VENUE
    from nautilus_paradex.data import ParadexDataClient
    from nautilus_paradex.data_types import (
        ParadexFundingComparison,
        ParadexFundingPayment,
        ParadexInteractiveBook,
        ParadexInteractiveQuote,
        ParadexMarketSummary,
        ParadexSystemState,
        ParadexTradeBust,
    )
    from nautilus_paradex.execution.client import ParadexExecutionClient
    from nautilus_paradex.factories import (
        ParadexLiveDataClientFactory,
        ParadexLiveExecClientFactory,
        get_cached_paradex_http_client,
        get_cached_paradex_instrument_provider,
    )
    from nautilus_paradex.protocol.environment import ParadexEnvironment
    from nautilus_paradex.protocol.signing import ParadexSigner
    from nautilus_paradex.providers import ParadexInstrumentProvider
    from nautilus_paradex.transport.credentials import ParadexCredentials
    from nautilus_paradex.transport.http import ParadexHttpClient
    from nautilus_paradex.transport.websocket import ParadexWebSocketClient

__all__ = [
    "PARADEX",
    "PARADEX_CLIENT_ID",
    "PARADEX_VENUE",
    "ParadexCredentials",
    "ParadexDataClient",
    "ParadexDataClientConfig",
    "ParadexEnvironment",
    "ParadexExecClientConfig",
    "ParadexExecutionClient",
    "ParadexFundingComparison",
    "ParadexFundingPayment",
    "ParadexHttpClient",
    "ParadexInstrumentProvider",
    "ParadexInteractiveBook",
    "ParadexInteractiveQuote",
    "ParadexLiveDataClientFactory",
    "ParadexLiveExecClientFactory",
    "ParadexMarketSummary",
    "ParadexSigner",
    "ParadexSystemState",
    "ParadexTradeBust",
    "ParadexWebSocketClient",
    "get_cached_paradex_http_client",
    "get_cached_paradex_instrument_provider",
]

_HOMES: Final = {
    "PARADEX": "constants",
    "PARADEX_CLIENT_ID": "constants",
    "PARADEX_VENUE": "constants",
    "ParadexCredentials": "transport.credentials",
    "ParadexDataClient": "data",
    "ParadexDataClientConfig": "config",
    "ParadexEnvironment": "protocol.environment",
    "ParadexExecClientConfig": "config",
    "ParadexExecutionClient": "execution.client",
    "ParadexFundingComparison": "data_types",
    "ParadexFundingPayment": "data_types",
    "ParadexHttpClient": "transport.http",
    "ParadexInstrumentProvider": "providers",
    "ParadexInteractiveBook": "data_types",
    "ParadexInteractiveQuote": "data_types",
    "ParadexLiveDataClientFactory": "factories",
    "ParadexLiveExecClientFactory": "factories",
    "ParadexMarketSummary": "data_types",
    "ParadexSigner": "protocol.signing",
    "ParadexSystemState": "data_types",
    "ParadexTradeBust": "data_types",
    "ParadexWebSocketClient": "transport.websocket",
    "get_cached_paradex_http_client": "factories",
    "get_cached_paradex_instrument_provider": "factories",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
