"""
What a `TradingNode` builds the two clients with.

REST clients and instrument providers are shared per connection identity **and** event loop: a node
that runs in a new loop (every test does) never gets the connections of a loop that is gone.
"""

import asyncio
from typing import Final

from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import LiveClock, MessageBus
from nautilus_trader.config import InstrumentProviderConfig
from nautilus_trader.live.factories import LiveDataClientFactory, LiveExecClientFactory

# For its effect: a node's serialisers know the custom data from here on.
import nautilus_paradex.data_types  # noqa: F401
from nautilus_paradex.config import ParadexDataClientConfig, ParadexExecClientConfig
from nautilus_paradex.data import ParadexDataClient
from nautilus_paradex.execution.client import ParadexExecutionClient
from nautilus_paradex.protocol.environment import ParadexEnvironment
from nautilus_paradex.providers import ParadexInstrumentProvider
from nautilus_paradex.sharing import BoundedCache, SharedHttpClient
from nautilus_paradex.transport.credentials import ParadexCredentials, parse_address
from nautilus_paradex.transport.errors import CredentialsError
from nautilus_paradex.transport.http import ParadexHttpClient

__all__ = [
    "ParadexLiveDataClientFactory",
    "ParadexLiveExecClientFactory",
    "exec_credentials",
    "get_cached_paradex_http_client",
    "get_cached_paradex_instrument_provider",
]

_HTTP_CLIENTS: Final[BoundedCache[object, SharedHttpClient]] = BoundedCache()
_PROVIDERS: Final[BoundedCache[object, ParadexInstrumentProvider]] = BoundedCache()


def get_cached_paradex_http_client(
    environment: ParadexEnvironment = ParadexEnvironment.MAINNET,
    *,
    base_url: str | None = None,
    credentials: ParadexCredentials | None = None,
    proxy_url: str | None = None,
    timeout_secs: float = 10.0,
    max_retries: int = 3,
    retry_delay_initial_ms: int = 1_000,
    retry_delay_max_ms: int = 10_000,
    token_usage: str | None = None,
    on_behalf_of_account: str | None = None,
    loop: asyncio.AbstractEventLoop | None = None,
) -> ParadexHttpClient:
    """
    Return a REST client, the same one for the same settings in the same event loop.

    Each user awaits ``start()`` and ``close()`` once; the last ``close()`` closes it. Clients of
    other settings pace their requests on their own: where two accounts run on one address, the
    venue's limits per address (public 1,500 and private reads 1,500 a minute) are for the user to
    keep.

    Parameters
    ----------
    environment : ParadexEnvironment, default ``MAINNET``
        The deployment to connect to.
    base_url : str, optional
        The base address, if not the environment's.
    credentials : ParadexCredentials, optional
        For private endpoints.
    loop : asyncio.AbstractEventLoop, optional
        The loop it will run in, the running one if None.

    Other parameters are those of `ParadexHttpClient`.

    """
    url = base_url or environment.http_url
    retry = (max_retries, retry_delay_initial_ms, retry_delay_max_ms)
    key = (
        url,
        _identity(credentials),
        proxy_url,
        timeout_secs,
        *retry,
        token_usage,
        on_behalf_of_account,
    )
    return _HTTP_CLIENTS.get_or_build(
        loop or _running_loop(),
        key,
        lambda: SharedHttpClient(
            url,
            credentials=credentials,
            proxy_url=proxy_url,
            timeout_secs=timeout_secs,
            max_retries=max_retries,
            retry_delay_initial_ms=retry_delay_initial_ms,
            retry_delay_max_ms=retry_delay_max_ms,
            token_usage=token_usage,
            on_behalf_of_account=on_behalf_of_account,
        ),
        is_usable=lambda client: not client.is_closed,
    )


def get_cached_paradex_instrument_provider(
    client: ParadexHttpClient,
    config: InstrumentProviderConfig | None = None,
    clock: LiveClock | None = None,
    *,
    loop: asyncio.AbstractEventLoop | None = None,
) -> ParadexInstrumentProvider:
    """
    Return an instrument provider, the same one for the same client, settings and event loop.

    Parameters
    ----------
    client : ParadexHttpClient
        The client for the requests.
    config : InstrumentProviderConfig, optional
        What to load on start.
    clock : LiveClock, optional
        The clock for ``ts_init``.
    loop : asyncio.AbstractEventLoop, optional
        The loop it will run in, the running one if None.

    """
    config = config or InstrumentProviderConfig()
    return _PROVIDERS.get_or_build(
        loop or _running_loop(),
        # Not the config itself: with a list among its filters it has no hash.
        (client, config.json()),
        lambda: ParadexInstrumentProvider(client, config, clock),
    )


def exec_credentials(config: ParadexExecClientConfig) -> ParadexCredentials:
    """
    Return the account and key that an execution client with these settings acts with.

    Raises
    ------
    CredentialsError
        If an address or the key is missing or malformed; the text names the setting.

    """
    if config.on_behalf_of_account is not None:
        parse_address(config.on_behalf_of_account, "on_behalf_of_account")
    return ParadexCredentials.resolve(
        config.environment,
        account_address=config.account_address,
        private_key=config.reveal_private_key(),
    )


class ParadexLiveDataClientFactory(LiveDataClientFactory):
    """Builds the market data client of a node."""

    # The platform's builder asks a factory given by a JSON config, an instance, for its name.
    __name__ = "ParadexLiveDataClientFactory"

    @staticmethod
    def create(
        loop: asyncio.AbstractEventLoop,
        name: str,
        config: ParadexDataClientConfig,
        msgbus: MessageBus,
        cache: Cache,
        clock: LiveClock,
    ) -> ParadexDataClient:
        """
        Create a market data client.

        Parameters
        ----------
        loop : asyncio.AbstractEventLoop
            The event loop of the node.
        name : str
            The client's name.
        config : ParadexDataClientConfig
            Its settings.
        msgbus : MessageBus
            The message bus of the node.
        cache : Cache
            The cache of the node.
        clock : LiveClock
            The clock of the node.

        """
        client = _http_client(config, _credentials_if_any(config.environment), loop)
        return ParadexDataClient(
            loop=loop,
            http_client=client,
            msgbus=msgbus,
            cache=cache,
            clock=clock,
            instrument_provider=get_cached_paradex_instrument_provider(
                client,
                config.instrument_provider,
                clock,
                loop=loop,
            ),
            config=config,
            name=name,
        )


class ParadexLiveExecClientFactory(LiveExecClientFactory):
    """Builds the execution client of a node."""

    __name__ = "ParadexLiveExecClientFactory"

    @staticmethod
    def create(
        loop: asyncio.AbstractEventLoop,
        name: str,
        config: ParadexExecClientConfig,
        msgbus: MessageBus,
        cache: Cache,
        clock: LiveClock,
    ) -> ParadexExecutionClient:
        """
        Create an execution client. Parameters as for the data client.

        Raises
        ------
        CredentialsError
            If account or key are missing or malformed; the text names the setting.

        """
        client = _http_client(
            config,
            exec_credentials(config),
            loop,
            token_usage=config.token_usage,
            on_behalf_of_account=config.on_behalf_of_account,
        )
        return ParadexExecutionClient(
            loop=loop,
            http_client=client,
            msgbus=msgbus,
            cache=cache,
            clock=clock,
            instrument_provider=get_cached_paradex_instrument_provider(
                client,
                config.instrument_provider,
                clock,
                loop=loop,
            ),
            config=config,
            name=name,
        )


def _http_client(
    config: ParadexDataClientConfig | ParadexExecClientConfig,
    credentials: ParadexCredentials | None,
    loop: asyncio.AbstractEventLoop,
    *,
    token_usage: str | None = None,
    on_behalf_of_account: str | None = None,
) -> ParadexHttpClient:
    return get_cached_paradex_http_client(
        config.environment,
        base_url=config.base_url_http,
        credentials=credentials,
        proxy_url=config.reveal_proxy_url(),
        timeout_secs=config.http_timeout_secs,
        max_retries=config.max_retries,
        retry_delay_initial_ms=config.retry_delay_initial_ms,
        retry_delay_max_ms=config.retry_delay_max_ms,
        token_usage=token_usage,
        on_behalf_of_account=on_behalf_of_account,
        loop=loop,
    )


def _credentials_if_any(environment: ParadexEnvironment) -> ParadexCredentials | None:
    """Market data goes without an account: what is wrong with one, the exec client will say."""
    try:
        return ParadexCredentials.resolve(environment)
    except CredentialsError:
        return None


def _identity(credentials: ParadexCredentials | None) -> object:
    if credentials is None:
        return None
    return (
        credentials.account_address,
        credentials.private_key,
        credentials.readonly_token,
        credentials.is_subkey,
    )


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
