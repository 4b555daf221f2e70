"""
What a user can set for the two clients, in Python or in a node's JSON.

Settings are checked as soon as a config is built. Keys and addresses are not looked at here: they
may come from the environment, and `nautilus_paradex.transport.credentials` reads both in one place.
"""

from typing import Final, Self

import msgspec
from nautilus_trader.common.config import register_config_encoding
from nautilus_trader.live.config import LiveDataClientConfig, LiveExecClientConfig

from nautilus_paradex.feeds.wide import check_wide_kinds
from nautilus_paradex.parsing.order_params import MIN_RECV_WINDOW_MS
from nautilus_paradex.protocol.enums import MarginType, StpMode, TokenUsage
from nautilus_paradex.protocol.environment import ParadexEnvironment
from nautilus_paradex.transport.checks import check_positive, split_url

__all__ = ["REST_ROUTE", "ParadexDataClientConfig", "ParadexExecClientConfig", "SecretText"]

REDACTED: Final = "<redacted>"
REST_ROUTE: Final = "rest"
_ORDER_ROUTES: Final = (REST_ROUTE, "ws")
_SBE_VERSIONS: Final = (0, 1, 2)


class SecretText(str):
    """
    A text that shows itself to nobody who does not ask by name.

    The platform prints configs and, with streaming on, writes them to disk (``config.json`` beside
    the data). Neither carries the text: a config that was encoded has to be given the key again.

    """

    __slots__ = ()

    def reveal(self) -> str:
        """Return the text itself, as a plain string."""
        return "".join(self)

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        return self

    def __str__(self) -> str:
        return REDACTED

    def __repr__(self) -> str:
        return repr(REDACTED)

    def __format__(self, spec: str) -> str:
        return format(REDACTED, spec)


register_config_encoding(SecretText, str)


class _Addresses:
    """What both configs can say about where to connect to."""

    environment: ParadexEnvironment
    base_url_http: str | None
    base_url_ws: str | None
    proxy_url: str | None

    @property
    def http_url(self) -> str:
        """The base address of the REST API in use."""
        return self.base_url_http or self.environment.http_url

    @property
    def ws_url(self) -> str:
        """The address of the WebSocket API in use."""
        return self.base_url_ws or self.environment.ws_url

    def reveal_proxy_url(self) -> str | None:
        """Return the address of the proxy, with the password that the field does not show."""
        return _revealed(self.proxy_url)


class ParadexDataClientConfig(_Addresses, LiveDataClientConfig, frozen=True):  # type: ignore[call-arg]
    """
    Configuration for ``ParadexDataClient`` instances.

    Parameters
    ----------
    environment : ParadexEnvironment, default ``MAINNET``
        The deployment to connect to; in JSON ``"mainnet"``, ``"testnet"`` or ``"devnet"``.
        It also chooses the environment variables that credentials are read from. Market data needs
        none; where they are set (see ``ParadexExecClientConfig``) instruments carry the account's
        own fee rates.
    base_url_http : str, optional
        The base address of the REST API, if not the environment's.
    base_url_ws : str, optional
        The address of the WebSocket API, if not the environment's.
    proxy_url : str, optional
        An HTTP proxy for REST and WebSocket alike, ``http://[user:password@]host:port``. One with
        a password is not shown by this object.
    http_timeout_secs : float, default 10.0
        How long one exchange with the REST API may take, and before it the wait for its turn in
        the rate limits. Repetitions and a fetch of a token come on top.
    max_retries : int, default 3
        How often a request is repeated where repeating is safe.
    retry_delay_initial_ms : int, default 1_000
        The delay before the first repetition.
    retry_delay_max_ms : int, default 10_000
        The longest delay between repetitions.
    update_instruments_interval_mins : int, optional, default 60
        How often the venue's list of markets is read again. If None then only at start, and when a
        message tells of a change: they come while something of instruments is subscribed to.
    system_state_interval_secs : float, default 10.0
        How often ``/system/state`` is asked while the status of an instrument is subscribed to,
        and the settlement price of what has expired.
    bars_timestamp_on_close : bool, default True
        If the ``ts_event`` of bars is their close, otherwise their open.
    auto_load_missing_instruments : bool, default False
        If a subscription or request for an instrument that was not loaded loads it.
    sbe_schema_version : int, optional
        The one version of the binary schema (0, 1 or 2) to accept. If None then 2, 1, 0 and plain
        JSON are tried in this order.
    max_channels_per_connection : int, default 100
        How many channels one WebSocket connection carries before the next one is opened. The venue
        names no limit of channels; it cuts a connection off that has about 2,000 unread messages,
        and fewer channels take longer to fill them. The default is our choice.
    wide_channels : tuple[str, ...], default ()
        Streams to take from channels of many markets instead of one channel per market, for who
        follows many: ``"bbo"`` and ``"trades"`` (``bbo.ALL``, ``trades.ALL``: all markets arrive,
        what is not subscribed to is passed over), ``"markets_summary"`` (one channel told which
        markets it is to follow: mark, index, funding, greeks), ``"option_bbo"`` and
        ``"option_trades"`` (one channel for the options of each base asset). A market is never
        served by both. The first value of a market may take longer than with its own channel.

    """

    environment: ParadexEnvironment = ParadexEnvironment.MAINNET
    base_url_http: str | None = None
    base_url_ws: str | None = None
    proxy_url: str | None = None
    http_timeout_secs: float = 10.0
    max_retries: int = 3
    retry_delay_initial_ms: int = 1_000
    retry_delay_max_ms: int = 10_000
    update_instruments_interval_mins: int | None = 60
    system_state_interval_secs: float = 10.0
    bars_timestamp_on_close: bool = True
    auto_load_missing_instruments: bool = False
    sbe_schema_version: int | None = None
    max_channels_per_connection: int = 100
    wide_channels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check_connection(self)
        check_wide_kinds(self.wide_channels)
        if self.max_channels_per_connection < 1:
            raise ValueError(
                "max_channels_per_connection must be at least 1, was "
                f"{self.max_channels_per_connection}",
            )
        interval = self.update_instruments_interval_mins
        if interval is not None and interval <= 0:
            raise ValueError(
                f"update_instruments_interval_mins must be positive or null, was {interval}",
            )
        check_positive(system_state_interval_secs=self.system_state_interval_secs)
        version = self.sbe_schema_version
        if version is not None and version not in _SBE_VERSIONS:
            raise ValueError(f"sbe_schema_version must be 0, 1, 2 or null, was {version!r}")


class ParadexExecClientConfig(_Addresses, LiveExecClientConfig, frozen=True):  # type: ignore[call-arg]
    """
    Configuration for ``ParadexExecutionClient`` instances.

    Parameters
    ----------
    environment : ParadexEnvironment, default ``MAINNET``
        The deployment to connect to; in JSON ``"mainnet"``, ``"testnet"`` or ``"devnet"``.
    account_address : str, optional
        The Starknet address of the **main** account, ``0x`` hex, also when the key is a subkey's.
        If None then read from ``PARADEX_ACCOUNT_ADDRESS``, ``PARADEX_TESTNET_ACCOUNT_ADDRESS`` or
        ``PARADEX_DEVNET_ACCOUNT_ADDRESS``.
    private_key : str, optional
        The Starknet private key of the account or of a subkey (the safe choice), ``0x`` hex.
        If None then read from ``PARADEX_PRIVATE_KEY``, ``PARADEX_TESTNET_PRIVATE_KEY`` or
        ``PARADEX_DEVNET_PRIVATE_KEY``, which is where a real key belongs: never shown by this
        object, it would still be in a file.
    base_url_http : str, optional
        The base address of the REST API, if not the environment's.
    base_url_ws : str, optional
        The address of the WebSocket API, if not the environment's.
    proxy_url : str, optional
        An HTTP proxy for REST and WebSocket alike, ``http://[user:password@]host:port``. One with
        a password is not shown by this object.
    http_timeout_secs : float, default 10.0
        How long one exchange with the REST API may take, and before it the wait for its turn in
        the rate limits. Repetitions and a fetch of a token come on top.
    max_retries : int, default 3
        How often a request is repeated where repeating is safe.
    retry_delay_initial_ms : int, default 1_000
        The delay before the first repetition.
    retry_delay_max_ms : int, default 10_000
        The longest delay between repetitions.
    recv_window_ms : int, default 10_000
        How long after its signature the venue may still take an order (at least 10).
    order_route : str, default ``rest``
        The way of orders, changes and cancels: ``rest``, or ``ws`` for the order methods of the
        private socket. Signatures, rate limits and outcomes are the same; over the socket an order
        is not sent while it is down, and a cancel goes over REST then.
    cancel_on_disconnect : bool, default False
        If the venue shall cancel the orders it tracks for the connection when the socket drops. It
        may not cover orders sent over REST (api-notes), so it belongs with ``order_route="ws"``.
    on_behalf_of_account : str, optional
        The isolated-margin account to trade for, ``0x`` hex. Only its orders, fills, positions and
        balance are told then; the main account's key signs for it.
    cancel_unexpected_orders : bool, default True
        If an order that is open at the venue although it has ended here shall be cancelled there;
        an error is logged in any case.
    token_usage : str, optional
        ``interactive`` for the venue's retail profile: no fees, a speed bump of 300 ms and about
        3 orders a second (api-notes); orders then wait for their turn. The API profile if None.
    leverages : dict[str, int], optional
        The leverage that a market shall have, by its symbol (``{"BTC-USD-PERP": 10}``). It is set
        at every connect where the account has another; the client does not connect if it cannot be.
        The margin mode stays as the venue has it, unless `margin_modes` names one for the market.
    margin_modes : dict[str, str], optional
        ``CROSS`` or ``ISOLATED`` for a market, by its symbol, likewise.
    stp : str, optional
        How the venue prevents that an order meets another of the same account: ``EXPIRE_MAKER``,
        ``EXPIRE_TAKER`` or ``EXPIRE_BOTH``. If None then as the venue does it (``EXPIRE_TAKER``).
        An order's own ``stp`` param goes before it.
    dime_discount : bool, default False
        If fees are paid in DIME, with its discount (in USDC where there is not enough DIME). An
        order's own ``dime_discount`` param goes before it.
    gtd_as_gtc : bool, default False
        If GTD orders are sent as GTC, which is right only for strategies that manage the expiry
        themselves (``manage_gtd_expiry``). Otherwise they are denied: the venue has no GTD.
    use_spot_position_reports : bool, default False
        If the balance of a token is reported as the position in its spot market, valued at the
        mark price when it is read. Strategies that close their positions will then sell tokens
        that they did not buy. If False then a spot position is what this node has traded.
    system_state_interval_secs : float, default 10.0
        How often the venue's state is asked for (``cancel_only`` during a release, ...), and once
        a second while it is not ``ok``: orders that it does not take are denied.

    """

    environment: ParadexEnvironment = ParadexEnvironment.MAINNET
    account_address: str | None = None
    private_key: str | None = None
    base_url_http: str | None = None
    base_url_ws: str | None = None
    proxy_url: str | None = None
    http_timeout_secs: float = 10.0
    max_retries: int = 3
    retry_delay_initial_ms: int = 1_000
    retry_delay_max_ms: int = 10_000
    recv_window_ms: int = 10_000
    order_route: str = REST_ROUTE
    cancel_on_disconnect: bool = False
    on_behalf_of_account: str | None = None
    cancel_unexpected_orders: bool = True
    token_usage: str | None = None
    leverages: dict[str, int] | None = None
    margin_modes: dict[str, str] | None = None
    stp: str | None = None
    dime_discount: bool = False
    gtd_as_gtc: bool = False
    use_spot_position_reports: bool = False
    system_state_interval_secs: float = 10.0

    def __post_init__(self) -> None:
        _check_connection(self)
        check_positive(system_state_interval_secs=self.system_state_interval_secs)
        _hide(self, "private_key")
        _check_margins(self)
        if self.token_usage not in (None, TokenUsage.INTERACTIVE):
            raise ValueError(f"token_usage must be interactive or null, was {self.token_usage!r}")
        if self.order_route not in _ORDER_ROUTES:
            known = " or ".join(_ORDER_ROUTES)
            raise ValueError(f"order_route must be {known}, was {self.order_route!r}")
        if self.recv_window_ms < MIN_RECV_WINDOW_MS:
            raise ValueError(
                f"recv_window_ms must be at least {MIN_RECV_WINDOW_MS}, was {self.recv_window_ms}",
            )
        if self.stp is not None and self.stp not in StpMode:
            raise ValueError(f"stp must be one of {', '.join(StpMode)} or null, was {self.stp!r}")

    def reveal_private_key(self) -> str | None:
        """Return the private key of this config, or None where the environment is to be read."""
        return _revealed(self.private_key)


def _check_connection(config: ParadexDataClientConfig | ParadexExecClientConfig) -> None:
    _force(config, "environment", _environment(config.environment))
    _check_url("base_url_http", config.base_url_http, ("http", "https"))
    _check_url("base_url_ws", config.base_url_ws, ("ws", "wss"))
    _check_url("proxy_url", config.reveal_proxy_url(), ("http", "https"))
    if "@" in (config.proxy_url or ""):
        _hide(config, "proxy_url")
    check_positive(http_timeout_secs=config.http_timeout_secs)
    if config.max_retries < 0:
        raise ValueError(f"max_retries must not be negative, was {config.max_retries}")
    if not 0 < config.retry_delay_initial_ms <= config.retry_delay_max_ms:
        raise ValueError(
            "retry_delay_initial_ms must be positive and at most retry_delay_max_ms, was "
            f"{config.retry_delay_initial_ms} and {config.retry_delay_max_ms}",
        )


def _check_margins(config: ParadexExecClientConfig) -> None:
    for market, leverage in (config.leverages or {}).items():
        if leverage < 1:
            raise ValueError(f"leverages[{market!r}] must be at least 1, was {leverage}")
    for market, mode in (config.margin_modes or {}).items():
        if mode not in MarginType:
            known = ", ".join(MarginType)
            raise ValueError(f"margin_modes[{market!r}] must be one of {known}, was {mode!r}")


def _environment(value: str) -> ParadexEnvironment:
    try:
        return ParadexEnvironment(value)
    except ValueError:
        known = ", ".join(ParadexEnvironment)
        raise ValueError(f"environment must be one of {known}, was {value!r}") from None


def _check_url(setting: str, url: str | None, schemes: tuple[str, ...]) -> None:
    if url is None:
        return
    expected = " or ".join(f"{scheme}://" for scheme in schemes)
    parts = split_url(url)
    # A proxy address may carry a password: of a wrong one only the scheme is shown.
    if parts is None:
        raise ValueError(
            f"{setting} must be an address beginning with {expected}, its host or port is malformed"
        )
    if parts.scheme not in schemes:
        raise ValueError(
            f"{setting} must be an address beginning with {expected}, was {parts.scheme!r}",
        )


def _hide(config: msgspec.Struct, field: str) -> None:
    value: str | None = getattr(config, field)
    # Wrapping what is wrapped already would wrap what it shows instead of what it is.
    if value is not None and not isinstance(value, SecretText):
        _force(config, field, SecretText(value))


def _revealed(value: str | None) -> str | None:
    return value.reveal() if isinstance(value, SecretText) else value


def _force(config: msgspec.Struct, field: str, value: object) -> None:
    # The platform's configs are frozen: values can be brought into form only while being built.
    msgspec.structs.force_setattr(config, field, value)
