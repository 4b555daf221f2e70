"""
Loads the venue's markets and keeps them as instruments.

How a market becomes an instrument is in `nautilus_paradex.parsing.instruments`; when to look again,
and who is told of changes, in `nautilus_paradex.feeds.listing`.
"""

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Final

from nautilus_trader.common.component import LiveClock
from nautilus_trader.common.config import resolve_path
from nautilus_trader.common.providers import InstrumentProvider
from nautilus_trader.config import InstrumentProviderConfig
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import Instrument

from nautilus_paradex.constants import PARADEX_VENUE
from nautilus_paradex.parsing.instruments import (
    FeeRates,
    currency_from_code,
    instrument_from_market,
    instrument_id_from_symbol,
)
from nautilus_paradex.protocol import rest
from nautilus_paradex.protocol.errors import MessageError, ParadexError
from nautilus_paradex.transport.errors import NotFoundError
from nautilus_paradex.transport.metrics import Metrics

if TYPE_CHECKING:
    from nautilus_paradex.transport.http import ParadexHttpClient

__all__ = ["ParadexInstrumentProvider"]

LOADED: Final = "markets_loaded"
MALFORMED: Final = "markets_malformed"
UNKNOWN_KIND: Final = "markets_of_unknown_kind"
WITHOUT_ACCOUNT_FEES: Final = "loads_without_account_fees"

type Filters = Mapping[str, object]


class ParadexInstrumentProvider(InstrumentProvider):
    """
    Provides Paradex instruments from ``GET /markets``.

    A market that cannot be read is skipped, counted and named in one warning: it must not take the
    others with it. A request that fails raises.

    Filters are a mapping from a market's field to the value, or the values, it may have. Known are
    ``asset_kind``, ``base_currency`` (or ``base``), ``settlement_currency``, ``trading_mode``,
    ``symbol`` and ``tags`` (one of the market's tags must be among the values).

    Parameters
    ----------
    client : ParadexHttpClient
        The client for the requests. With credentials, instruments carry the account's fee rates.
    config : InstrumentProviderConfig, optional
        What to load on start.
    clock : LiveClock, optional
        The clock for ``ts_init``, the machine's if None.

    """

    def __init__(
        self,
        client: "ParadexHttpClient",
        config: InstrumentProviderConfig | None = None,
        clock: LiveClock | None = None,
    ) -> None:
        config = InstrumentProviderConfig() if config is None else config
        super().__init__(config=config)
        self._client = client
        self._now_ns: Callable[[], int] = time.time_ns if clock is None else clock.timestamp_ns
        self._warn: bool = config.log_warnings
        self._wanted_ids = frozenset(map(str, config.load_ids or ()))
        self._wants: Callable[[Instrument], bool] | None = (
            None if config.filter_callable is None else resolve_path(config.filter_callable)
        )
        self.metrics = Metrics((LOADED, MALFORMED, UNKNOWN_KIND, WITHOUT_ACCOUNT_FEES))

    async def load_all_async(self, filters: Filters | None = None) -> None:
        """
        Load every market that passes `filters`.

        Raises
        ------
        RequestError
            If the venue cannot be asked, or refuses.
        ValueError
            If a filter is unknown.

        """
        accepts = _acceptance(filters)
        markets = await self._client.markets()
        await self._load(market for market in markets if accepts(market))

    async def load_ids_async(
        self,
        instrument_ids: list[InstrumentId],
        filters: Filters | None = None,
    ) -> None:
        """
        Load the given instruments, as far as they pass `filters`.

        One that the venue does not list is named in a warning and stays absent.

        Raises
        ------
        RequestError
            If the venue cannot be asked, or refuses.
        ValueError
            If an instrument is not Paradex's, or a filter is unknown.

        """
        if not instrument_ids:
            return
        accepts = _acceptance(filters)
        wanted = {_symbol(instrument_id) for instrument_id in instrument_ids}
        # One reply holds all markets: asking for each alone would only spend the rate limit.
        only = next(iter(wanted)) if len(wanted) == 1 else None
        markets = [m for m in await self._markets(only) if m.symbol in wanted]
        missing = wanted - {market.symbol for market in markets}
        if missing and self._warn:
            self._log.warning(f"Not listed by the venue: {', '.join(sorted(missing))}")
        await self._load(market for market in markets if accepts(market))

    async def load_async(
        self,
        instrument_id: InstrumentId,
        filters: Filters | None = None,
    ) -> None:
        """Load one instrument afresh. Raises as `load_ids_async`."""
        await self.load_ids_async([instrument_id], filters)

    async def refresh_async(self, without: Collection[str] = ()) -> dict[str, rest.Market]:
        """
        Bring everything that is loaded up to date, and load what is new, by one request.

        What is loaded follows its market, also where a filter would not take it any more, and is
        dropped when the venue lists it no more. What is not loaded is taken in if the configuration
        asks for it: by ``load_all`` or ``load_ids``, and the filters.

        Parameters
        ----------
        without : Collection[str]
            Symbols that are known to have ended, although the venue may still list them. Looked at
            after the venue has answered: one that ends meanwhile may be added meanwhile.

        Returns
        -------
        dict[str, rest.Market]
            All that the venue lists, by symbol.

        Raises
        ------
        RequestError
            If the venue cannot be asked, or refuses.
        MessageError
            If it lists no market at all, which can only be a failure of its own. Nothing changes.

        """
        accepts = _acceptance(self._filters)
        markets = {market.symbol: market for market in await self._client.markets()}
        if not markets:
            raise MessageError("the venue's list of markets is empty: what is loaded is kept")
        loaded = {instrument.id.symbol.value for instrument in self.list_all()}
        for symbol in loaded - markets.keys():
            self.drop(instrument_id_from_symbol(symbol))
        await self._load(
            market
            for symbol, market in markets.items()
            if symbol not in without
            and (symbol in loaded or (self._is_configured(symbol) and accepts(market)))
        )
        return markets

    def drop(self, instrument_id: InstrumentId) -> None:
        """Forget an instrument, if it is loaded: its market has ended."""
        self._instruments.pop(instrument_id, None)

    def _is_configured(self, symbol: str) -> bool:
        return bool(self._load_all_on_start) or f"{symbol}.{PARADEX_VENUE}" in self._wanted_ids

    async def _markets(self, symbol: str | None) -> list[rest.Market]:
        try:
            return await self._client.markets(symbol)
        except NotFoundError:
            return []

    async def _load(self, markets: Iterable[rest.Market]) -> None:
        fees = await self._fee_rates()
        ts_init = self._now_ns()
        unknown: Counter[str] = Counter()
        malformed: list[str] = []
        for market in markets:
            try:
                instrument = instrument_from_market(market, fees=fees, ts_init=ts_init)
            except (ParadexError, ValueError, OverflowError) as exc:
                malformed.append(f"{market.symbol} ({exc})")
                continue
            if instrument is None:
                unknown[market.asset_kind] += 1
                continue
            if instrument.id in self._instruments or self._wants is None or self._wants(instrument):
                self._keep(market, instrument)
        self._report(unknown, malformed)

    async def _fee_rates(self) -> FeeRates:
        if self._client.session is None:
            return FeeRates.documented()
        try:
            fees = _fees_of(await self._client.account_info(), self._client.account)
            return FeeRates.documented() if fees is None else FeeRates.of_account(fees)
        except (ParadexError, ValueError) as exc:
            # Market data must not depend on an account: without its rates, the public ones.
            self.metrics.count(WITHOUT_ACCOUNT_FEES)
            self._log.warning(f"Account fee rates unknown, the documented ones are used: {exc}")
            return FeeRates.documented()

    def _keep(self, market: rest.Market, instrument: Instrument) -> None:
        for code in (market.base_currency, market.settlement_currency):
            if code:
                self.add_currency(currency_from_code(code))
        self.add(instrument)
        self.metrics.count(LOADED)

    def _report(self, unknown: Counter[str], malformed: list[str]) -> None:
        self.metrics.count(UNKNOWN_KIND, unknown.total())
        self.metrics.count(MALFORMED, len(malformed))
        if unknown and self._warn:
            kinds = ", ".join(f"{kind!r} ({count})" for kind, count in sorted(unknown.items()))
            self._log.warning(f"Skipped markets of an unknown asset kind: {kinds}")
        if malformed and self._warn:
            self._log.warning(f"Skipped {len(malformed)} malformed markets: {'; '.join(malformed)}")


def _fees_of(infos: Iterable[rest.AccountInfo], account: int | None) -> rest.Fees | None:
    """The rates of the account itself: the reply also names those that hang on it."""
    for info in infos:
        if info.account is not None and int(info.account, 16) == account:
            return info.fees
    return None


def _symbol(instrument_id: InstrumentId) -> str:
    if instrument_id.venue != PARADEX_VENUE:
        raise ValueError(f"instrument must be of venue {PARADEX_VENUE}, was {instrument_id}")
    return str(instrument_id.symbol.value)


def _acceptance(filters: Filters | None) -> Callable[[rest.Market], bool]:
    allowed: list[tuple[Callable[[rest.Market], frozenset[str]], frozenset[str]]] = []
    for name, value in (filters or {}).items():
        field = _FILTERS.get(name)
        if field is None:
            known = ", ".join(_FILTERS)
            raise ValueError(f"instrument filter must be one of {known}, was {name!r}")
        allowed.append((field, _values(name, value)))
    return lambda market: all(field(market) & values for field, values in allowed)


def _values(name: str, value: object) -> frozenset[str]:
    if isinstance(value, str):
        return frozenset({value})
    if isinstance(value, list | tuple | set | frozenset):
        return frozenset(str(item) for item in value)
    raise ValueError(f"instrument filter {name!r} must be a text or a list of texts, was {value!r}")


def _base(market: rest.Market) -> frozenset[str]:
    return frozenset({market.base_currency or ""})


_FILTERS: Final[dict[str, Callable[[rest.Market], frozenset[str]]]] = {
    "symbol": lambda market: frozenset({market.symbol}),
    "asset_kind": lambda market: frozenset({market.asset_kind}),
    "base": _base,
    "base_currency": _base,
    "settlement_currency": lambda market: frozenset({market.settlement_currency or ""}),
    "trading_mode": lambda market: frozenset({market.trading_mode or ""}),
    "tags": lambda market: frozenset(market.tags or ()),
}
