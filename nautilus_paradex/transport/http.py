"""The REST client: life cycle, clock and session around the typed endpoints.

Single requests are `rest_caller`'s work, the endpoints stand in `endpoints`.
"""

import asyncio
import logging
from typing import Final

import httpx
import msgspec

from nautilus_paradex.protocol.enums import TokenUsage
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.signing import ParadexSigner
from nautilus_paradex.transport.acting_account import ActingAccount
from nautilus_paradex.transport.aiohttp_transport import aiohttp_transport
from nautilus_paradex.transport.authentication import Authenticator
from nautilus_paradex.transport.call import Call
from nautilus_paradex.transport.checks import check_positive, split_url
from nautilus_paradex.transport.clock import VenueClock
from nautilus_paradex.transport.credentials import ParadexCredentials, parse_address
from nautilus_paradex.transport.endpoints.account import AccountEndpoints
from nautilus_paradex.transport.endpoints.algos import AlgoEndpoints
from nautilus_paradex.transport.endpoints.base import longest_wait_secs
from nautilus_paradex.transport.endpoints.orders import OrderEndpoints
from nautilus_paradex.transport.endpoints.public import PublicEndpoints
from nautilus_paradex.transport.errors import CredentialsError
from nautilus_paradex.transport.metrics import Metrics
from nautilus_paradex.transport.paging import all_pages
from nautilus_paradex.transport.rate_limit import (
    DOCUMENTED_LIMITS,
    RETAIL_LIMITS,
    RateClass,
    RateLimiter,
)
from nautilus_paradex.transport.rest_caller import RestCaller
from nautilus_paradex.transport.retry import RetryPolicy
from nautilus_paradex.transport.session import JwtSession, ReadonlySession, SignedSession
from nautilus_paradex.transport.tries import Tries

__all__ = ["ParadexHttpClient"]

_log = logging.getLogger(__name__)

_CLOCK_READINGS: Final = 3
_LARGE_OFFSET_MS: Final = 1_000
_LIMITS: Final = {None: DOCUMENTED_LIMITS, TokenUsage.INTERACTIVE.value: RETAIL_LIMITS}


class ParadexHttpClient(PublicEndpoints, AccountEndpoints, OrderEndpoints, AlgoEndpoints):
    """
    Paradex's REST API.

    Public endpoints work at once, private ones after `start`. A request ends in a reply, in
    `NotSentError`, in `VenueError` (refused) or in `UnknownOutcomeError`; reads are retried,
    commands only where they cannot have been executed.

    Parameters
    ----------
    base_url : str
        Such as `ParadexEnvironment.http_url`, ending in ``/v1``.
    credentials : ParadexCredentials, optional
        For private endpoints.
    transport : httpx.AsyncBaseTransport, optional
        Answers the requests instead of the network.
    proxy_url : str, optional
        HTTP proxy of the default transport.
    timeout_secs : float, default 10.0
        For one exchange, without retries.
    max_retries : int, default 3
        How often a request that may be sent again is.
    retry_delay_initial_ms, retry_delay_max_ms : int
        Bounds of the exponential backoff between tries.
    clock : VenueClock, optional
        Instead of a new one.
    limiter : RateLimiter, optional
        Instead of one with the documented limits of the profile.
    clock_sync_secs : float, default 3600.0
        How often the venue's clock is measured again, from `start` to `close`: clocks drift, and a
        machine's may be set right while this runs.
    on_behalf_of_account : int or str, optional
        The isolated-margin account to act for: private reads are of that account, and the token is
        asked for with the right to trade for it. Commands name it in their requests themselves.
    token_usage : str, optional
        ``interactive`` for the retail profile (`TokenUsage`): tokens are asked for with that, and
        orders are paced by its limit.

    Raises
    ------
    ValueError
        If an address is malformed, a number makes no sense, or both `transport` and `proxy_url`
        are given.
    """

    all_pages = staticmethod(all_pages)

    def __init__(
        self,
        base_url: str,
        *,
        credentials: ParadexCredentials | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        proxy_url: str | None = None,
        timeout_secs: float = 10.0,
        max_retries: int = 3,
        retry_delay_initial_ms: int = 1_000,
        retry_delay_max_ms: int = 10_000,
        clock: VenueClock | None = None,
        limiter: RateLimiter | None = None,
        clock_sync_secs: float = 3_600.0,
        token_usage: str | None = None,
        on_behalf_of_account: int | str | None = None,
    ) -> None:
        check_positive(timeout_secs=timeout_secs, clock_sync_secs=clock_sync_secs)
        if token_usage not in _LIMITS:
            raise ValueError(f"token_usage must be interactive or None, was {token_usage!r}")
        if transport is not None and proxy_url is not None:
            raise ValueError("proxy_url has no effect on a given transport: set it there")
        self._credentials = credentials
        self._token_usage = token_usage
        self.acting_account = ActingAccount(
            None if credentials is None else credentials.account_address,
            None
            if on_behalf_of_account is None
            else parse_address(on_behalf_of_account, "on_behalf_of_account"),
        )
        self._clock = clock if clock is not None else VenueClock()
        self._clock_sync_secs = clock_sync_secs
        self._clock_sync: asyncio.Task[None] | None = None
        self._signer: ParadexSigner | None = None
        self._timeout_secs = timeout_secs
        self._limiter = limiter if limiter is not None else RateLimiter(_LIMITS[token_usage])
        self._tries = Tries(
            self._limiter,
            RetryPolicy(max_retries, retry_delay_initial_ms, retry_delay_max_ms),
            timeout_secs,
        )
        self._caller = RestCaller(
            _checked_url(base_url),
            transport=transport
            if transport is not None
            else aiohttp_transport(proxy_url=proxy_url),
            clock=self._clock,
            limiter=self._limiter,
            timeout_secs=timeout_secs,
            tries=self._tries,
        )

    async def start(self) -> None:
        """
        Learn the chain id and the venue's clock, and make private endpoints usable.

        Fetches no token yet: the first private request, or ``session.token()``, does. From here on
        the clock is measured again from time to time, so `close` must follow.

        Raises
        ------
        RequestError
            If the venue cannot be reached.
        """
        config = await self.system_config()
        await self.sync_clock()
        if self._clock_sync is None:
            self._clock_sync = asyncio.create_task(self._keep_clock(), name="paradex-clock-sync")
        if self._credentials is not None and self._caller.session is None:
            self._caller.session = self._open_session(self._credentials, config.starknet_chain_id)

    async def close(self) -> None:
        """End session and tasks, and close the connections. May be called twice."""
        clock_sync, self._clock_sync = self._clock_sync, None
        if clock_sync is not None:
            clock_sync.cancel()
            await asyncio.wait([clock_sync])
        session, self._caller.session = self._caller.session, None
        if session is not None:
            await session.close()
        await self._caller.close()

    @property
    def clock(self) -> VenueClock:
        """The venue's clock, as last measured."""
        return self._clock

    @property
    def signer(self) -> ParadexSigner | None:
        """What signs orders; None before `start` and without a private key."""
        return self._signer

    @property
    def session(self) -> JwtSession | None:
        """What hands out tokens; None before `start` and without credentials."""
        return self._caller.session

    @property
    def account(self) -> int | None:
        """Address of the main account, None without credentials."""
        return None if self._credentials is None else self._credentials.account_address

    @property
    def order_room(self) -> float:
        """The part of the rate limit of orders that is left, from 1 down to 0 or less."""
        return self._limiter.room(RateClass.ORDERS)

    @property
    def order_wait_secs(self) -> float:
        """How long one more order command would wait for its turn in that limit, seconds."""
        return self._limiter.wait_secs(RateClass.ORDERS)

    def longest_order_wait_secs(self, recv_window_ms: int | None) -> float:
        """Return how long an order command may wait for its turn before it is given up, seconds."""
        return min(self._timeout_secs, longest_wait_secs(recv_window_ms) or self._timeout_secs)

    @property
    def tries(self) -> Tries:
        """What paces and repeats requests, for commands that go another way than REST."""
        return self._tries

    @property
    def metrics(self) -> Metrics:
        """Counters of the requests, and the latency of the exchanges over REST."""
        return self._tries.metrics

    async def sync_clock(self) -> int:
        """
        Measure the venue's clock against this machine's and return the offset, ms.

        Raises
        ------
        RequestError
            If the venue cannot be reached.
        """
        self._clock.reset()
        for _ in range(_CLOCK_READINGS):
            sent_ns = self._clock.local_ns()
            venue_ms = await self.system_time()
            received_ns = self._clock.local_ns()
            self._clock.measure(sent_ns=sent_ns, received_ns=received_ns, venue_ms=venue_ms)
        offset_ms = self._clock.offset_ms
        if abs(offset_ms) >= _LARGE_OFFSET_MS:
            _log.warning(
                "This machine's clock is %d ms off the venue's (venue minus local): signatures "
                "use the venue's time, but the machine's clock should be set right",
                offset_ms,
            )
        return offset_ms

    async def onboard(self, ethereum_account: str | None = None) -> None:
        """
        Register the account at the venue, which the session never does by itself. Idempotent.

        Parameters
        ----------
        ethereum_account : str, optional
            Address of the wallet that the Starknet account belongs to. The real venue wants it
            (openapi); the devnet does not.

        Raises
        ------
        CredentialsError
            Without a private key, or before `start`.
        VenueError
            If the venue refuses.
        """
        if self._signer is None:
            raise CredentialsError("onboarding needs a private key, and start() awaited before")
        headers = {
            "PARADEX-STARKNET-ACCOUNT": hex(self._signer.account),
            "PARADEX-STARKNET-SIGNATURE": self._signer.sign_onboarding(),
        }
        if ethereum_account is not None:
            headers["PARADEX-ETHEREUM-ACCOUNT"] = ethereum_account
        body = msgspec.json.encode({"public_key": hex(self._signer.public_key)})
        call = Call(
            "POST", "/onboarding", RateClass.AUTH, headers=headers, content=body, repeatable=True
        )
        await self._caller.send(call)

    async def _keep_clock(self) -> None:
        while True:
            await asyncio.sleep(self._clock_sync_secs)
            try:
                await self.sync_clock()
            except ParadexError as error:
                _log.warning("The venue's clock could not be measured, trying again: %s", error)

    def _open_session(self, credentials: ParadexCredentials, chain_id: str) -> JwtSession:
        if credentials.private_key is not None:
            self._signer = ParadexSigner(
                chain_id, credentials.account_address, credentials.private_key
            )
            authenticator = Authenticator(
                self._caller,
                self._signer,
                self._clock,
                is_subkey=credentials.is_subkey,
                token_usage=self._token_usage,
                authorize_isolated=self.acting_account.is_isolated,
            )
            return SignedSession(authenticator.fetch_token, self._clock)
        assert credentials.readonly_token is not None
        return ReadonlySession(credentials.readonly_token, self._clock)


def _checked_url(base_url: str) -> str:
    parts = split_url(base_url)
    if parts is None or parts.scheme not in ("http", "https"):
        raise ValueError(f"base_url must look like https://host/v1, was {base_url!r}")
    return base_url.rstrip("/")
