"""Who shares a REST client or a provider with whom, and what the factories build."""

import asyncio
from collections.abc import Iterator

import pytest
from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import LiveClock, MessageBus
from nautilus_trader.config import InstrumentProviderConfig
from nautilus_trader.test_kit.stubs.component import TestComponentStubs
from nautilus_trader.test_kit.stubs.identifiers import TestIdStubs

from nautilus_paradex import (
    PARADEX_VENUE,
    ParadexCredentials,
    ParadexDataClientConfig,
    ParadexEnvironment,
    ParadexExecClientConfig,
    ParadexLiveDataClientFactory,
    ParadexLiveExecClientFactory,
    get_cached_paradex_http_client,
    get_cached_paradex_instrument_provider,
)
from nautilus_paradex.sharing import BoundedCache, SharedHttpClient, shared_connect_limiter
from nautilus_paradex.transport.errors import ClientClosedError, CredentialsError, RequestError

ADDRESS = "0x1234"
KEY = "0x5678"
OTHER_KEY = "0x9abc"
URL = "http://127.0.0.1:1/v1"


@pytest.fixture(autouse=True)
def no_credentials_around(monkeypatch: pytest.MonkeyPatch) -> None:
    for prefix in ("PARADEX_", "PARADEX_TESTNET_", "PARADEX_DEVNET_"):
        for name in ("ACCOUNT_ADDRESS", "PRIVATE_KEY", "READONLY_TOKEN"):
            monkeypatch.delenv(prefix + name, raising=False)


@pytest.fixture
def node() -> dict[str, object]:
    """What a node hands to a factory."""
    clock = LiveClock()
    return {
        "msgbus": MessageBus(trader_id=TestIdStubs.trader_id(), clock=clock),
        "cache": TestComponentStubs.cache(),
        "clock": clock,
    }


class TestHttpClients:
    async def test_the_same_settings_share_a_client(self) -> None:
        first = get_cached_paradex_http_client(ParadexEnvironment.DEVNET)

        assert get_cached_paradex_http_client(ParadexEnvironment.DEVNET) is first

    @pytest.mark.parametrize(
        "other",
        [
            {"environment": ParadexEnvironment.TESTNET},
            {"base_url": URL},
            {"proxy_url": "http://127.0.0.1:3128"},
            {"timeout_secs": 1.0},
            {"max_retries": 0},
            {"retry_delay_initial_ms": 1},
            {"credentials": ParadexCredentials(ADDRESS, KEY)},
        ],
    )
    async def test_other_settings_get_another_client(self, other: dict[str, object]) -> None:
        first = get_cached_paradex_http_client(ParadexEnvironment.DEVNET)

        second = get_cached_paradex_http_client(
            **{"environment": ParadexEnvironment.DEVNET, **other}  # type: ignore[arg-type]
        )

        assert second is not first

    async def test_two_keys_of_one_account_do_not_share(self) -> None:
        first = get_cached_paradex_http_client(credentials=ParadexCredentials(ADDRESS, KEY))
        second = get_cached_paradex_http_client(credentials=ParadexCredentials(ADDRESS, OTHER_KEY))
        third = get_cached_paradex_http_client(credentials=ParadexCredentials(ADDRESS, KEY))

        assert first is not second
        assert first is third

    def test_each_event_loop_has_its_own(self) -> None:
        async def client() -> object:
            return get_cached_paradex_http_client(ParadexEnvironment.DEVNET)

        assert asyncio.run(client()) is not asyncio.run(client())

    async def test_a_closed_client_is_not_handed_out_again(self) -> None:
        first = get_cached_paradex_http_client(base_url=URL, max_retries=0)
        await first.close()

        assert get_cached_paradex_http_client(base_url=URL, max_retries=0) is not first

    async def test_it_closes_with_its_last_user(self) -> None:
        client = SharedHttpClient(URL, max_retries=0)
        for _ in range(2):
            with pytest.raises(RequestError):
                await client.start()  # nobody listens there

        await client.close()
        assert not client.is_closed
        await client.close()
        assert client.is_closed

    async def test_a_closed_client_says_what_to_do(self) -> None:
        client = SharedHttpClient(URL, max_retries=0)
        with pytest.raises(RequestError):
            await client.start()
        await client.close()

        with pytest.raises(ClientClosedError, match="build a new node"):
            await client.start()
        await client.close()


class TestConnectLimiter:
    async def test_the_clients_of_a_loop_share_one(self) -> None:
        loop = asyncio.get_running_loop()
        other = asyncio.new_event_loop()

        assert shared_connect_limiter(loop) is shared_connect_limiter(loop)
        assert shared_connect_limiter(loop) is not shared_connect_limiter(other)
        other.close()


class TestBoundedCache:
    def test_it_forgets_what_was_not_used_for_longest(self) -> None:
        cache: BoundedCache[int, object] = BoundedCache(limit=2)
        values = [cache.get_or_build(None, key, object) for key in (1, 2, 1, 3)]

        assert len(cache) == 2
        assert cache.get_or_build(None, 1, object) is values[0]
        assert cache.get_or_build(None, 3, object) is values[3]
        assert cache.get_or_build(None, 2, object) is not values[1]

    def test_it_forgets_loops_that_are_closed(self) -> None:
        cache: BoundedCache[int, object] = BoundedCache()
        loop = asyncio.new_event_loop()
        cache.get_or_build(loop, 1, object)
        loop.close()

        cache.get_or_build(None, 1, object)

        assert len(cache) == 1


class TestProviders:
    async def test_the_same_client_and_settings_share_a_provider(self) -> None:
        client = get_cached_paradex_http_client(ParadexEnvironment.DEVNET)
        # A list among the filters has no hash.
        config = InstrumentProviderConfig(load_all=True, filters={"tags": ["MEME"]})

        first = get_cached_paradex_instrument_provider(client, config)

        assert get_cached_paradex_instrument_provider(client, config) is first
        assert get_cached_paradex_instrument_provider(client) is not first


class TestFactories:
    @pytest.fixture
    def loop(self) -> Iterator[asyncio.AbstractEventLoop]:
        loop = asyncio.new_event_loop()
        yield loop
        loop.close()

    def test_the_data_client_needs_no_account(
        self, loop: asyncio.AbstractEventLoop, node: dict[str, Cache]
    ) -> None:
        client = ParadexLiveDataClientFactory.create(
            loop=loop,
            name="PARADEX",
            config=ParadexDataClientConfig(environment=ParadexEnvironment.DEVNET),
            **node,  # type: ignore[arg-type]
        )

        assert client.id.value == "PARADEX"
        assert client.venue == PARADEX_VENUE

    def test_the_execution_client_is_built_with_the_configs_key(
        self, loop: asyncio.AbstractEventLoop, node: dict[str, Cache]
    ) -> None:
        client = ParadexLiveExecClientFactory.create(
            loop=loop,
            name="PARADEX",
            config=ParadexExecClientConfig(
                environment=ParadexEnvironment.DEVNET,
                account_address=ADDRESS,
                private_key=KEY,
            ),
            **node,  # type: ignore[arg-type]
        )

        assert client.id.value == "PARADEX"

    @pytest.mark.parametrize(
        ("settings", "complaint"),
        [
            ({}, "PARADEX_DEVNET_ACCOUNT_ADDRESS"),
            ({"account_address": ADDRESS}, "PARADEX_DEVNET_PRIVATE_KEY"),
            ({"account_address": "nonsense", "private_key": KEY}, "account_address"),
            ({"account_address": ADDRESS, "private_key": "0"}, "private_key"),
            (
                {"account_address": ADDRESS, "private_key": KEY, "on_behalf_of_account": "zz"},
                "on_behalf_of_account must be .*, was 'zz'",
            ),
        ],
    )
    def test_a_missing_or_malformed_account_is_named(
        self,
        loop: asyncio.AbstractEventLoop,
        node: dict[str, Cache],
        settings: dict[str, str],
        complaint: str,
    ) -> None:
        config = ParadexExecClientConfig(environment=ParadexEnvironment.DEVNET, **settings)

        with pytest.raises(CredentialsError, match=complaint):
            ParadexLiveExecClientFactory.create(
                loop=loop,
                name="PARADEX",
                config=config,
                **node,  # type: ignore[arg-type]
            )

    def test_data_and_execution_share_the_client_of_the_environments_account(
        self,
        loop: asyncio.AbstractEventLoop,
        node: dict[str, Cache],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("PARADEX_DEVNET_ACCOUNT_ADDRESS", ADDRESS)
        monkeypatch.setenv("PARADEX_DEVNET_PRIVATE_KEY", KEY)
        environment = ParadexEnvironment.DEVNET

        data = ParadexLiveDataClientFactory.create(
            loop=loop,
            name="PARADEX",
            config=ParadexDataClientConfig(environment=environment),
            **node,  # type: ignore[arg-type]
        )
        execution = ParadexLiveExecClientFactory.create(
            loop=loop,
            name="PARADEX",
            config=ParadexExecClientConfig(environment=environment),
            **node,  # type: ignore[arg-type]
        )

        assert data.instrument_provider is execution._instrument_provider

    @pytest.mark.parametrize(
        "factory", [ParadexLiveDataClientFactory, ParadexLiveExecClientFactory]
    )
    def test_an_instance_has_the_name_that_the_builder_asks_for(self, factory: type) -> None:
        assert factory().__name__ == factory.__name__
