"""The embedded venue as one object: put together, started, stopped.

A test venue and a trainer, on loopback only; see docs/devnet.md for what in it is a guess.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Final, Self

import msgspec
from aiohttp import web

from nautilus_paradex.devnet.config import DevnetConfig, DevnetConfigError
from nautilus_paradex.devnet.engine.exchange import Exchange
from nautilus_paradex.devnet.engine.markets import MarketSpec, default_markets
from nautilus_paradex.devnet.engine.model import EngineEvent, Interactive, WireEvent
from nautilus_paradex.devnet.engine.more_markets import ODD_MARKETS, plain_markets
from nautilus_paradex.devnet.engine.synthetic import SyntheticMarket
from nautilus_paradex.devnet.faults import Faults
from nautilus_paradex.devnet.identities import DevnetAccount, derive_accounts
from nautilus_paradex.devnet.market_views import MarketViews
from nautilus_paradex.devnet.pump import Pump
from nautilus_paradex.devnet.replay import Recording, ReplayMarket, load
from nautilus_paradex.devnet.rest.algos import AlgoApi
from nautilus_paradex.devnet.rest.devnet import DevnetApi
from nautilus_paradex.devnet.rest.gateway import Gateway
from nautilus_paradex.devnet.rest.listing import ListingApi
from nautilus_paradex.devnet.rest.margin import MarginApi
from nautilus_paradex.devnet.rest.orders import OrderApi
from nautilus_paradex.devnet.rest.private import PrivateApi
from nautilus_paradex.devnet.rest.public import PublicApi
from nautilus_paradex.devnet.sockets.control import ControlPlane
from nautilus_paradex.devnet.sockets.endpoint import Sockets
from nautilus_paradex.devnet.sockets.feeds import Feeds
from nautilus_paradex.devnet.sockets.hub import Hub
from nautilus_paradex.devnet.sockets.orders import OrderMethods
from nautilus_paradex.devnet.wire.auth import Authority
from nautilus_paradex.devnet.wire.desk import OrderDesk
from nautilus_paradex.devnet.wire.limits import RateLimiter
from nautilus_paradex.devnet.wire.signatures import OrderSignatures
from nautilus_paradex.protocol.numbers import E8

__all__ = ["DevnetServer"]

_SNAPSHOT_RATES_MS: Final = (50, 100)
_COMPARISON_RATES_MS: Final = (500, 1_000)
_SHUTDOWN_SECS: Final = 1.0


class DevnetServer:
    """
    A venue that speaks Paradex's protocol on one loopback port.

    Usable as an asynchronous context manager. With ``port=0`` several run side by side.

    Parameters
    ----------
    config : DevnetConfig
        All settings.
    now_us : Callable, optional
        The venue's clock, microseconds; the machine's if unset. A test that sets it decides when
        tokens expire.
    markets : Iterable of MarketSpec, optional
        What is listed; the default catalogue if unset.

    Attributes
    ----------
    accounts : sequence of DevnetAccount
        With addresses and private keys.
    exchange : Exchange
        The engine, for a test to look into.
    sockets : Sockets
        The WebSockets that are open.
    faults : Faults
        What is to go wrong.

    Raises
    ------
    DevnetConfigError
        If the recording to replay is malformed (on construction), or the port is taken (`start`).

    """

    def __init__(
        self,
        config: DevnetConfig | None = None,
        *,
        now_us: Callable[[], int] | None = None,
        markets: Iterable[MarketSpec] | None = None,
    ) -> None:
        self.config = config or DevnetConfig()
        self.accounts: Sequence[DevnetAccount] = derive_accounts(
            self.config.seed, self.config.accounts
        )
        self._now_us = now_us or _steady_clock()
        recording = None if self.config.replay is None else load(self.config.replay)
        replays = _replay_markets(recording)
        listed = default_markets(self._now_us()) if markets is None else tuple(markets)
        if self.config.odd_markets:
            listed += ODD_MARKETS
        self.exchange = Exchange(
            _with_replays(listed, replays),
            now_us=self._now_us,
            seed=self.config.seed,
            past_hours=self.config.past_hours,
        )
        for spec in plain_markets(self.config.extra_markets):
            self.exchange.list_market(spec)
        self.faults = Faults()
        self._hub = Hub(json_books=self.config.legacy_json, faults=self.faults)
        self._views = MarketViews(self.exchange, replays)
        self._pump = Pump(self.exchange.process, self.config.order_delay_ms)
        self._versions = frozenset(
            self.config.sbe_versions if recording is None else {recording.version}
        )
        self._open_accounts()
        self._participants = (
            SyntheticMarket(
                self.exchange,
                seed=self.config.seed,
                speed=self.config.speed,
                without=frozenset(replays),
            )
            if self.config.synthetic
            else None
        )
        self._publish_to_hub()
        self._app = self._build_app()
        self._runner: web.AppRunner | None = None
        self._running: asyncio.Task[None] | None = None
        self._port = self.config.port

    @property
    def http_url(self) -> str:
        return f"http://{self.config.host}:{self._port}/v1"

    @property
    def ws_url(self) -> str:
        return f"ws://{self.config.host}:{self._port}/v1"

    @property
    def root_url(self) -> str:
        """Base of the devnet's own endpoints, ``/devnet/…``."""
        return f"http://{self.config.host}:{self._port}"

    async def start(self) -> None:
        """
        Listen, and let time pass.

        Raises
        ------
        DevnetConfigError
            If the port is taken.

        """
        self._runner = web.AppRunner(
            self._app, access_log=None, shutdown_timeout=_SHUTDOWN_SECS, handle_signals=False
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.config.host, self.config.port)
        try:
            await site.start()
        except OSError as e:
            await self._runner.cleanup()
            raise DevnetConfigError(
                f"port {self.config.port} cannot be used ({e.strerror}): choose another, "
                "or 0 for a free one"
            ) from e
        self._port = self._runner.addresses[0][1]
        self._running = asyncio.create_task(self._pump.run(*self._rhythms()))

    async def stop(self) -> None:
        """Close every socket and stop listening; a second call does nothing."""
        running, self._running = self._running, None
        if running is not None:
            running.cancel()
            # What it failed with, if it did, was `failed`'s to tell.
            await asyncio.wait({running})
        runner, self._runner = self._runner, None
        if runner is not None:
            await self.sockets.close_all()
            self._pump.stop()
            await runner.cleanup()

    async def failed(self) -> None:
        """Wait for the engine to fail, and raise what it failed with."""
        assert self._running is not None, "start the devnet first"
        await asyncio.shield(self._running)

    def publish(self, event: WireEvent | Interactive, account: str | None = None) -> None:
        """
        Send an event to whoever subscribed to its channel, although the engine knows nothing of it.

        For tests of values that no engine would come to: a price off the tick, a size of 0, an
        unknown type. `account` is the address that a private event is for.

        """
        self._hub.publish(event, account)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    def _open_accounts(self) -> None:
        self._authority = Authority(self.config.chain_id, self._now_us, self.config.jwt_ttl_secs)
        for account in self.accounts:
            main = account.signer(self.config.chain_id).public_key
            self._authority.register(account.address, main)
            self._authority.register_subkey(
                account.address, account.subkey_signer(self.config.chain_id).public_key
            )
            self.exchange.open_account(account.address_hex, main, self.config.account_balance * E8)
            if self.config.isolated_market in self.exchange.markets:
                self.exchange.open_isolated_account(
                    account.isolated_hex,
                    account.address_hex,
                    self.config.isolated_market,
                    self.config.isolated_balance * E8,
                )
        for number in self.config.rpi_accounts:
            self.exchange.whitelist_for_rpi(self.accounts[number].address_hex)

    def _publish_to_hub(self) -> None:
        for market in self.exchange.markets:
            for interactive in (False, True):
                book = self.exchange.book_snapshot(market, interactive=interactive)
                self._hub.follow_book(book, interactive=interactive)
        self.exchange.listener = self._publish

    def _publish(self, event: EngineEvent, account: str | None) -> None:
        # What concerns an isolated account is told on the sockets of its parent.
        listener = None if account is None else self.exchange.parent_of(account)
        self._hub.publish(event, listener)

    def _build_app(self) -> web.Application:
        config = self.config
        limiter = RateLimiter(config.rate_limits, lambda: self._now_us() / 1e6)
        desk = OrderDesk(
            self.exchange,
            OrderSignatures(self._authority, config.chain_id),
            now_us=self._now_us,
            queued=self._pump.queued,
            retail_speed_bump_ms=config.retail_speed_bump_ms,
        )
        control = ControlPlane(
            self._authority,
            Feeds(self.exchange, self._views, self._hub, config.speed, self.faults),
            OrderMethods(desk, self.exchange, limiter),
            self.faults,
            self._now_us,
        )
        self.sockets = Sockets(config, control, limiter, self._versions, self._now_us)
        gateway = Gateway(self._authority, limiter, self.faults)
        app = web.Application()
        app.router.add_get("/v1", self.sockets.handle)
        gateway.install(
            app,
            [
                *PublicApi(self.exchange, self._views, config, self._now_us).routes(),
                *OrderApi(desk).routes(),
                *AlgoApi(self.exchange.algos, desk).routes(),
                *MarginApi(self.exchange).routes(),
                *PrivateApi(self.exchange, self._authority, config.account_balance * E8).routes(),
            ],
        )
        DevnetApi(self.exchange, self._authority, self.faults, self.sockets, self.accounts).install(
            app
        )
        ListingApi(self.exchange).install(app)
        return app

    def _rhythms(self) -> list[tuple[float, Callable[[], object]]]:
        rhythms: list[tuple[float, Callable[[], object]]] = [
            (self.config.tick_interval_ms / 1_000, self.exchange.tick)
        ]
        if self._participants is not None:
            step = self._participants.step
            rhythms += [
                (self.config.step_interval_ms / 1_000, lambda: step(self._now_us())),
                (self.config.tick_interval_ms / 1_000, self.exchange.publish_empty_deltas),
            ]
        for rate_ms in _SNAPSHOT_RATES_MS:
            rhythms.append((rate_ms / 1_000, self._snapshots(rate_ms)))
        for rate_ms in _COMPARISON_RATES_MS:
            rhythms.append((rate_ms / 1_000, self._funding_rates(rate_ms)))
        return rhythms

    def _snapshots(self, rate_ms: int) -> Callable[[], None]:
        return lambda: self._hub.publish_snapshots(rate_ms, self._views.topic_book)

    def _funding_rates(self, rate_ms: int) -> Callable[[], None]:
        comparison = self.exchange.funding_comparison()
        return lambda: self._hub.publish_funding_rates(rate_ms, comparison.news)


def _steady_clock() -> Callable[[], int]:
    """Return a clock that begins with the machine's and, unlike it, never goes back."""
    ahead_ns = time.time_ns() - time.monotonic_ns()
    return lambda: (time.monotonic_ns() + ahead_ns) // 1_000


def _replay_markets(recording: Recording | None) -> dict[str, ReplayMarket]:
    if recording is None:
        return {}
    return {symbol: ReplayMarket(symbol, frames) for symbol, frames in recording.frames.items()}


def _with_replays(
    listed: Sequence[MarketSpec], replays: Mapping[str, ReplayMarket]
) -> list[MarketSpec]:
    """Return `listed` with the recorded markets, and every underlying where it was recorded."""
    specs = {spec.symbol: spec for spec in listed}
    for symbol, replay in replays.items():
        recorded = replay.specification(specs.get(symbol))
        specs[symbol] = recorded
        for other in list(specs.values()):
            if other.base_currency == recorded.base_currency:
                specs[other.symbol] = msgspec.structs.replace(
                    other, reference_price_e8=recorded.reference_price_e8
                )
    return list(specs.values())
