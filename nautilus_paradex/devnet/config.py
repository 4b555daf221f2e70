"""Everything a devnet can be told, checked at once.

Not the exchange's market parameters: those are in the catalogue of the engine.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

__all__ = [
    "CHAIN_ID",
    "DEFAULT_PORT",
    "DEFAULT_SEED",
    "DevnetConfig",
    "DevnetConfigError",
    "RateLimits",
]

CHAIN_ID = "PRIVATE_SN_PARADEX_DEVNET"
DEFAULT_PORT = 8899
DEFAULT_SEED = 7

_MAX_PORT = 65_535
_MAX_EXTRA_MARKETS = 5_000
_KNOWN_SBE_VERSIONS = frozenset({0, 1, 2})


class DevnetConfigError(ValueError):
    """A setting of the devnet is wrong: the message names it and says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimits:
    """Requests allowed by each bucket (api-notes, "Limits and errors")."""

    public_per_minute: int = 1_500
    auth_per_minute: int = 600
    orders_per_second: int = 800
    orders_per_minute: int = 17_250
    retail_orders_per_second: int = 3
    reads_per_second: int = 120
    reads_per_minute: int = 600
    reads_per_minute_ip: int = 1_500
    connects_per_second: int = 20
    connects_per_minute: int = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class DevnetConfig:
    """Settings of one devnet.

    Parameters
    ----------
    port : int
        Loopback port for REST and WebSocket; 0 takes a free one.
    seed : int
        Accounts, keys and the synthetic market derive from it.
    speed : float
        How many times faster the synthetic market and a replay run than real time.
    account_balance : int
        USDC in each account at the start.
    accounts : int
        How many accounts are open at the start.
    isolated_market : str
        The market of the isolated-margin account that hangs on each of them.
    isolated_balance : int
        USDC in each of those.
    rpi_accounts : tuple of int
        Which of them, counted from 0, may send orders with instruction RPI.
    replay : Path, optional
        Raw recording whose order book is served instead of the synthetic one.
    odd_markets : bool
        Lists markets at the limits of what the wire can say too: see `engine.more_markets`.
    extra_markets : int
        How many plain perpetuals are listed besides, without a past.
    synthetic : bool
        Whether other participants quote and trade. Off: the books hold only the users' orders.
    past_hours : int
        How long a past of trades, candles and funding the markets begin with.
    jwt_ttl_secs : int
        Life of a token from ``POST /auth``.
    sbe_versions : tuple of int
        Schema versions that a socket may ask for; any other answers HTTP 400.
    private_sbe : bool
        Private channels of a binary socket are SBE instead of JSON (both are reported).
    legacy_json : bool
        Public channels of a plain socket carry JSON. Off (as the venue since 2026-09-21) they are
        acknowledged and silent.
    klines_in_usd : bool
        The volume of a candle is in USD instead of base units; which is not documented.
    klines_under_way : bool
        Candles include the one that has not closed yet; whether the venue's do is not documented.
    kline_lag_ms : int
        How late candles are: a trade younger than this is on the tape and in no candle yet.
    max_klines : int
        How many candles a reply holds at most, the newest of those asked for; 0 for any number.
        No limit is documented.
    max_subscriptions : int
        How many channels one socket may subscribe to; 0 for any number. No limit is documented.
    step_interval_ms, tick_interval_ms, heartbeat_interval_secs
        Rhythm of the synthetic market, of marks and summaries, and of heartbeats on idle sockets.
    order_delay_ms : int
        Time between the 201 of an order and the engine looking at it.
    retail_speed_bump_ms : int
        How much longer that takes with an order of a retail token.
    ping_interval_secs, pong_timeout_secs, idle_close_secs : float
        Server pings, and how long a socket may stay without a subscription (then close 4031).
    max_queued_frames : int
        A consumer with more unread frames is disconnected.
    """

    port: int = DEFAULT_PORT
    host: str = "127.0.0.1"
    seed: int = DEFAULT_SEED
    speed: float = 1.0
    account_balance: int = 100_000
    accounts: int = 3
    isolated_market: str = "BTC-USD-PERP"
    isolated_balance: int = 10_000
    rpi_accounts: tuple[int, ...] = ()
    chain_id: str = CHAIN_ID
    replay: Path | None = None
    odd_markets: bool = False
    extra_markets: int = 0
    synthetic: bool = True
    past_hours: int = 24
    jwt_ttl_secs: int = 300
    sbe_versions: tuple[int, ...] = (0, 1, 2)
    private_sbe: bool = False
    legacy_json: bool = False
    klines_in_usd: bool = False
    klines_under_way: bool = True
    kline_lag_ms: int = 0
    max_klines: int = 0
    max_subscriptions: int = 0
    step_interval_ms: int = 100
    tick_interval_ms: int = 1_000
    heartbeat_interval_secs: float = 20.0
    order_delay_ms: int = 0
    retail_speed_bump_ms: int = 300
    ping_interval_secs: float = 55.0
    pong_timeout_secs: float = 5.0
    idle_close_secs: float = 30.0
    max_queued_frames: int = 2_000
    rate_limits: RateLimits = field(default_factory=RateLimits)

    def __post_init__(self) -> None:
        if not 0 <= self.port <= _MAX_PORT:
            raise DevnetConfigError(f"port must be between 0 and {_MAX_PORT}, was {self.port}")
        if self.seed < 0:
            raise DevnetConfigError(f"seed must be 0 or more, was {self.seed}")
        if self.accounts < 1:
            raise DevnetConfigError(f"accounts must be 1 or more, was {self.accounts}")
        for name in ("max_subscriptions", "max_klines", "kline_lag_ms"):
            value = getattr(self, name)
            if value < 0:
                raise DevnetConfigError(f"{name} must be 0 or more, was {value}")
        for number in self.rpi_accounts:
            if not 0 <= number < self.accounts:
                raise DevnetConfigError(
                    f"RPI accounts must be numbers from 0 to {self.accounts - 1}, was {number}"
                )
        if not 0 <= self.past_hours <= 24:
            raise DevnetConfigError(f"past hours must be 0 to 24, was {self.past_hours}")
        if not 0 <= self.extra_markets <= _MAX_EXTRA_MARKETS:
            raise DevnetConfigError(
                f"extra markets must be 0 to {_MAX_EXTRA_MARKETS}, was {self.extra_markets}"
            )
        if not 0 < self.speed <= 1_000:
            raise DevnetConfigError(f"speed must be above 0 and at most 1000, was {self.speed}")
        if not 0 <= self.account_balance <= 10**9:
            raise DevnetConfigError(
                f"account balance must be between 0 and 1000000000 USDC, was {self.account_balance}"
            )
        if not set(self.sbe_versions) <= _KNOWN_SBE_VERSIONS:
            raise DevnetConfigError(
                f"SBE versions must be among 0, 1 and 2, was {list(self.sbe_versions)}"
            )
        if not (self.chain_id.isascii() and 0 < len(self.chain_id) <= 31):
            raise DevnetConfigError(
                f"chain id must be 1 to 31 ASCII characters, was {self.chain_id!r}"
            )
