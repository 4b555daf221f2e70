"""The REST client against a scripted venue: what is sent, what a reply becomes, what is retried."""

import asyncio
import json
import logging
import time

import httpx
import jwt
import msgspec
import pytest

from nautilus_paradex.protocol import rest
from nautilus_paradex.protocol.errors import MessageError
from nautilus_paradex.protocol.signing import ParadexSigner, auth_hash, parse_signature
from nautilus_paradex.transport.credentials import ParadexCredentials
from nautilus_paradex.transport.errors import (
    ClientClosedError,
    CredentialsError,
    NotFoundError,
    NoTokenError,
    NotSentError,
    RateLimitedError,
    ServerError,
    ThrottledError,
    TooManyPagesError,
    UnauthorizedError,
    UnknownOutcomeError,
    VenueError,
)
from nautilus_paradex.transport.http import ParadexHttpClient
from nautilus_paradex.transport.rate_limit import Quota, RateClass, RateLimiter
from nautilus_paradex.transport.session import ReadonlySession
from tests.support import eventually

CHAIN_ID = "PRIVATE_SN_POTC_SEPOLIA"
ACCOUNT = 0x5A17
KEY = 0x3C0FFEE
SIGNER = ParadexSigner(CHAIN_ID, ACCOUNT, KEY)
ORDER = rest.OrderRequest(
    market="BTC-USD-PERP",
    side="BUY",
    type="LIMIT",
    size="0.1",
    price="50000",
    instruction="GTC",
    signature='["1","2"]',
    signature_timestamp=1,
)
CHANGE = rest.ModifyRequest(
    id="7",
    market="BTC-USD-PERP",
    side="BUY",
    type="LIMIT",
    size="0.1",
    price="50000",
    signature='["1","2"]',
    signature_timestamp=1,
)
ORDER_REPLY = {"id": "7", "market": "BTC-USD-PERP", "status": "NEW"}
TOKEN_SECRET = "a key that nobody but this test uses"
EXPIRED_JWT = {"message": "missing or malformed jwt: token is expired by 9.46872137s"}


class ScriptedVenue:
    """Answers by path; a list is used up answer by answer, its last one stays."""

    def __init__(self):
        self.requests = []
        self.tokens = 0
        self.answers = {
            "GET /v1/system/config": {"starknet_chain_id": CHAIN_ID, "new_field": [1]},
            "GET /v1/system/time": lambda: {"server_time": str(time.time_ns() // 10**6)},
            "POST /v1/auth": self.issue_token,
        }

    def issue_token(self):
        self.tokens += 1
        now = int(time.time())
        claims = {"iat": now, "exp": now + 300, "jti": str(self.tokens)}
        return {"jwt_token": jwt.encode(claims, TOKEN_SECRET)}

    def __call__(self, request):
        self.requests.append(request)
        answer = self.answers.get(f"{request.method} {request.url.path}", httpx.Response(404))
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if callable(answer):
            answer = answer()
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):
            return httpx.Response(
                answer.status_code, headers=dict(answer.headers), content=answer.content
            )
        return httpx.Response(200, json=answer)

    def seen(self, method, path):
        return [r for r in self.requests if (r.method, r.url.path) == (method, path)]


def reply(status, body=None, headers=None):
    return httpx.Response(status, json=body, headers=headers)


@pytest.fixture
def venue():
    return ScriptedVenue()


@pytest.fixture
async def make_client(venue):
    clients = []

    def make(credentials=None, **options):
        options = {"retry_delay_initial_ms": 0, "transport": httpx.MockTransport(venue)} | options
        client = ParadexHttpClient("http://venue.test/v1", credentials=credentials, **options)
        clients.append(client)
        return client

    yield make
    for client in clients:
        await client.close()


@pytest.fixture
async def client(make_client):
    client = make_client(ParadexCredentials(ACCOUNT, KEY))
    await client.start()
    return client


# -- Start -----------------------------------------------------------------------------------------


async def test_start_learns_chain_id_and_clock(make_client, venue):
    venue.answers["GET /v1/system/time"] = lambda: {"server_time": 60_000 + time.time_ns() // 10**6}
    client = make_client(ParadexCredentials(ACCOUNT, KEY))

    await client.start()

    assert client.signer.chain_id == CHAIN_ID
    assert client.signer.public_key == SIGNER.public_key
    assert client.account == ACCOUNT
    assert client.clock.offset_ms == pytest.approx(60_000, abs=1_000)
    assert venue.tokens == 0


async def test_a_large_clock_offset_is_reported(make_client, venue, caplog):
    venue.answers["GET /v1/system/time"] = {"server_time": 0}

    with caplog.at_level(logging.WARNING):
        await make_client().start()

    assert "off the venue's" in caplog.text


async def test_the_clock_is_measured_again_until_the_client_is_closed(make_client, venue):
    ahead_ms = 0

    def venue_time():
        return {"server_time": ahead_ms + time.time_ns() // 10**6}

    venue.answers["GET /v1/system/time"] = venue_time
    client = make_client(clock_sync_secs=0.001)
    await client.start()
    await client.start()
    ahead_ms = 60_000

    await eventually(lambda: client.clock.offset_ms > 50_000)
    assert clock_tasks() == 1

    await client.close()
    assert clock_tasks() == 0


async def test_a_clock_that_cannot_be_read_for_once_is_read_later(make_client, venue, caplog):
    client = make_client(clock_sync_secs=0.001, max_retries=0)
    await client.start()

    venue.answers["GET /v1/system/time"] = reply(500)
    await eventually(lambda: "could not be measured" in caplog.text)
    venue.answers["GET /v1/system/time"] = {"server_time": 0}

    await eventually(lambda: client.clock.offset_ms < -1_000)


def clock_tasks():
    return sum(task.get_name() == "paradex-clock-sync" for task in asyncio.all_tasks())


async def test_public_reads_need_no_start(make_client, venue):
    venue.answers["GET /v1/markets"] = {"results": [{"symbol": "BTC-USD-PERP", "tick": {}}]}

    markets = await make_client().markets("BTC-USD-PERP")

    assert [market.symbol for market in markets] == ["BTC-USD-PERP"]
    assert venue.requests[0].url.params == httpx.QueryParams({"market": "BTC-USD-PERP"})


async def test_a_private_read_without_credentials_says_what_to_do(make_client, venue):
    with pytest.raises(NoTokenError, match="GET /positions needs an account: give credentials"):
        await make_client().positions()
    assert venue.requests == []


async def test_readonly_credentials_send_the_token_and_have_no_signer(make_client, venue):
    venue.answers["GET /v1/positions"] = {"results": []}
    client = make_client(ParadexCredentials(ACCOUNT, readonly_token="a.b.c"))
    await client.start()

    assert await client.positions() == []
    assert client.signer is None
    assert isinstance(client.session, ReadonlySession)
    assert venue.requests[-1].headers["authorization"] == "Bearer a.b.c"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "venue.test",
        "ftp://venue.test",
        "http://",
        "http://[::1",
        "http://h:99999999/v1",
        "http://h:abc/v1",
    ],
)
def test_a_malformed_address_is_refused(url):
    with pytest.raises(ValueError, match="base_url must look like"):
        ParadexHttpClient(url)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"timeout_secs": -1}, "timeout_secs must be above 0, was -1"),
        ({"timeout_secs": float("nan")}, "timeout_secs must be above 0, was nan"),
        ({"clock_sync_secs": 0}, "clock_sync_secs must be above 0, was 0"),
        ({"max_retries": -5}, "max_retries must not be negative, was -5"),
        ({"retry_delay_initial_ms": -5}, "must not be negative .*, were -5 and 10000"),
        ({"retry_delay_initial_ms": 2, "retry_delay_max_ms": 1}, "nor above .*, were 2 and 1"),
    ],
)
def test_settings_that_make_no_sense_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        ParadexHttpClient("http://venue.test/v1", **settings)


def test_a_proxy_beside_a_given_transport_is_refused(venue):
    with pytest.raises(ValueError, match="no effect on a given transport"):
        ParadexHttpClient(
            "http://venue.test/v1",
            transport=httpx.MockTransport(venue),
            proxy_url="http://127.0.0.1:1",
        )


async def test_closing_twice_is_harmless(client):
    await client.close()
    await client.close()

    assert client.session is None


async def test_a_request_to_a_closed_client_was_never_sent(client, venue):
    await client.close()
    before = len(venue.requests)

    with pytest.raises(ClientClosedError, match="POST /orders was not sent: the client is closed"):
        await client.create_order(ORDER)
    assert len(venue.requests) == before


# -- Authentication --------------------------------------------------------------------------------


async def test_the_token_request_is_signed_for_the_main_account(client, venue):
    await client.session.token()

    (request,) = venue.seen("POST", "/v1/auth")
    timestamp = int(request.headers["paradex-timestamp"])
    expiration = int(request.headers["paradex-signature-expiration"])
    message_hash = auth_hash(CHAIN_ID, ACCOUNT, timestamp=timestamp, expiration=expiration)
    assert request.headers["paradex-starknet-account"] == hex(ACCOUNT)
    assert expiration > timestamp
    assert abs(timestamp - time.time()) < 3_600
    assert SIGNER.verify(
        message_hash, parse_signature(request.headers["paradex-starknet-signature"])
    )


async def test_a_subkey_asks_under_its_public_key(make_client, venue):
    path = f"/v1/auth/{SIGNER.public_key:#x}"
    venue.answers[f"POST {path}"] = venue.issue_token
    client = make_client(ParadexCredentials(ACCOUNT, KEY, is_subkey=True))
    await client.start()

    await client.session.token()

    assert len(venue.seen("POST", path)) == 1
    assert venue.seen("POST", "/v1/auth") == []


@pytest.mark.parametrize("is_subkey", [False, True])
async def test_a_refused_form_is_followed_by_the_other_one_and_remembered(
    make_client, venue, is_subkey
):
    plain, keyed = "/v1/auth", f"/v1/auth/{SIGNER.public_key:#x}"
    wrong, right = (keyed, plain) if is_subkey else (plain, keyed)
    venue.answers[f"POST {wrong}"] = reply(401, {"error": "PUBLIC_KEY_INVALID", "message": "no"})
    venue.answers[f"POST {right}"] = venue.issue_token
    client = make_client(ParadexCredentials(ACCOUNT, KEY, is_subkey=is_subkey))
    await client.start()

    token = await client.session.token()
    await client.session.refresh(token)

    assert len(venue.seen("POST", wrong)) == 1
    assert len(venue.seen("POST", right)) == 2


async def test_where_both_forms_are_refused_the_first_refusal_is_told(client, venue):
    venue.answers["POST /v1/auth"] = reply(400, {"error": "ACCOUNT_NOT_FOUND", "message": "who?"})

    with pytest.raises(VenueError, match=r"400 ACCOUNT_NOT_FOUND: who\?"):
        await client.positions()


async def test_an_account_that_is_not_onboarded_is_told_how(client, venue):
    body = {"error": "NOT_ONBOARDED", "message": "User has never called /onboarding endpoint"}
    venue.answers["POST /v1/auth"] = reply(400, body)

    with pytest.raises(VenueError, match="Log in once at the venue's web site") as refusal:
        await client.positions()
    assert refusal.value.code == "NOT_ONBOARDED"
    assert len(venue.seen("POST", "/v1/auth")) == 1


async def test_onboarding_sends_signature_key_and_wallet(client, venue):
    venue.answers["POST /v1/onboarding"] = reply(200)

    await client.onboard("0xE7E")

    (request,) = venue.seen("POST", "/v1/onboarding")
    assert request.headers["paradex-ethereum-account"] == "0xE7E"
    assert json.loads(request.content) == {"public_key": hex(SIGNER.public_key)}
    assert "authorization" not in request.headers


async def test_onboarding_without_a_key_is_refused(make_client):
    with pytest.raises(CredentialsError, match="needs a private key"):
        await make_client().onboard()


async def test_a_401_costs_one_new_token_also_for_a_command(client, venue):
    venue.answers["POST /v1/orders"] = [reply(401, EXPIRED_JWT), reply(201, ORDER_REPLY)]

    order = await client.create_order(ORDER)

    first, second = venue.seen("POST", "/v1/orders")
    assert order.id == "7"
    assert venue.tokens == 2
    assert first.headers["authorization"] != second.headers["authorization"]


async def test_a_second_401_is_the_answer(client, venue):
    venue.answers["POST /v1/orders"] = reply(401, EXPIRED_JWT)

    with pytest.raises(UnauthorizedError, match="401: missing or malformed jwt") as refusal:
        await client.create_order(ORDER)
    assert refusal.value.code is None
    assert len(venue.seen("POST", "/v1/orders")) == 2


@pytest.mark.parametrize(
    ("answer", "tries"),
    [
        pytest.param(reply(503, {"error": "SERVICE_UNAVAILABLE"}), 2, id="503"),
        pytest.param(reply(429, {"message": "rate limit exceeded"}), 2, id="429"),
        pytest.param(httpx.ReadError("reset"), 2, id="unknown"),
        pytest.param(NotSentError("refused"), 2, id="not sent"),
        pytest.param(reply(200, {"jwt": "wrong shape"}), 1, id="unreadable"),
    ],
)
async def test_a_command_without_a_token_was_never_sent(make_client, venue, answer, tries):
    venue.answers["POST /v1/auth"] = answer
    client = make_client(ParadexCredentials(ACCOUNT, KEY), max_retries=1)
    await client.start()

    with pytest.raises(NoTokenError, match="no JWT could be had"):
        await client.create_order(ORDER)
    assert venue.seen("POST", "/v1/orders") == []
    assert len(venue.seen("POST", "/v1/auth")) == tries


async def test_a_command_with_a_refused_readonly_token_is_not_retried(make_client, venue):
    venue.answers["DELETE /v1/orders/7"] = reply(401, EXPIRED_JWT)
    client = make_client(ParadexCredentials(ACCOUNT, readonly_token="a.b.c"))
    await client.start()

    with pytest.raises(NoTokenError, match="refuses the read-only token"):
        await client.cancel_order("7")
    assert len(venue.seen("DELETE", "/v1/orders/7")) == 1


# -- Outcomes --------------------------------------------------------------------------------------

COMMANDS = [
    pytest.param("POST", "/v1/orders", lambda c: c.create_order(ORDER), id="create"),
    pytest.param("POST", "/v1/orders/batch", lambda c: c.create_orders([ORDER]), id="batch"),
    pytest.param("PUT", "/v1/orders/7", lambda c: c.modify_order("7", CHANGE), id="modify"),
    pytest.param("DELETE", "/v1/orders/7", lambda c: c.cancel_order("7"), id="cancel"),
    pytest.param(
        "DELETE",
        "/v1/orders/by_client_id/a",
        lambda c: c.cancel_order_by_client_id("a"),
        id="cancel by client id",
    ),
    pytest.param("DELETE", "/v1/orders", lambda c: c.cancel_all_orders(), id="cancel all"),
    pytest.param("DELETE", "/v1/orders/batch", lambda c: c.cancel_orders(["7"]), id="cancel some"),
]


@pytest.mark.parametrize(("method", "path", "command"), COMMANDS)
@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(reply(500, {"error": "INTERNAL_ERROR", "message": "oops"}), id="500"),
        pytest.param(httpx.Response(502, html="<html><body>Bad gateway</body></html>"), id="502"),
        pytest.param(reply(503, {"error": "SERVICE_UNAVAILABLE"}), id="503"),
        pytest.param(reply(408, {"message": "too slow"}), id="408"),
        pytest.param(reply(302, headers={"location": "/elsewhere"}), id="redirect"),
        pytest.param(httpx.ReadTimeout("too late"), id="read timeout"),
        pytest.param(httpx.ConnectTimeout("httpx-aiohttp says so for anything"), id="ambiguous"),
        pytest.param(ValueError("not even an HTTP error"), id="foreign"),
    ],
)
async def test_a_command_without_a_verdict_is_unknown_and_sent_once(
    client, venue, method, path, command, answer
):
    venue.answers[f"{method} {path}"] = answer

    with pytest.raises(UnknownOutcomeError):
        await command(client)
    assert len(venue.seen(method, path)) == 1
    assert client.metrics["unknown"] == 1


@pytest.mark.parametrize(
    ("method", "path", "command"), [c for c in COMMANDS if c.id in ("create", "batch", "modify")]
)
@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b'{"orders": 7, "id": 7}'])
async def test_an_unreadable_success_of_a_command_is_unknown(
    client, venue, method, path, command, content
):
    venue.answers[f"{method} {path}"] = httpx.Response(201, content=content)

    with pytest.raises(UnknownOutcomeError, match="cannot read the reply"):
        await command(client)
    assert len(venue.seen(method, path)) == 1


@pytest.mark.parametrize(("method", "path", "command"), COMMANDS)
async def test_a_command_that_never_left_is_sent_again(client, venue, method, path, command):
    body = ORDER_REPLY | {"results": [], "orders": [], "errors": []}
    venue.answers[f"{method} {path}"] = [NotSentError("refused"), NotSentError("refused"), body]

    await command(client)

    assert len(venue.seen(method, path)) == 3
    assert client.metrics["retries"] == 2


@pytest.mark.parametrize(
    ("answer", "error_type", "code", "message"),
    [
        (
            reply(400, {"error": "ORDER_IS_CLOSED", "message": "order is closed: 7", "data": {}}),
            VenueError,
            "ORDER_IS_CLOSED",
            "order is closed: 7",
        ),
        (reply(400, {"message": "price: must be omitted"}), VenueError, None, "price: must be"),
        (reply(404, {"error": "ORDER_ID_NOT_FOUND"}), NotFoundError, "ORDER_ID_NOT_FOUND", "Not"),
        (
            httpx.Response(403, html=f"<html>\n <h1>Forbidden</h1>{'x' * 5_000}</html>"),
            VenueError,
            None,
            "<html> <h1>Forbidden</h1>xxx",
        ),
        (reply(403, ["no object"]), VenueError, None, '["no object"]'),
        (httpx.Response(403, content=b"\xff\xfe"), VenueError, None, ""),
    ],
)
async def test_a_refused_command_keeps_the_venues_words_and_is_sent_once(
    client, venue, answer, error_type, code, message
):
    venue.answers["POST /v1/orders"] = answer

    with pytest.raises(error_type) as refusal:
        await client.create_order(ORDER)

    error = refusal.value
    assert type(error) is error_type
    assert (error.status, error.code) == (answer.status_code, code)
    assert error.message.startswith(message)
    assert len(str(error)) < 400
    assert len(venue.seen("POST", "/v1/orders")) == 1


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(NotSentError("refused"), id="not sent"),
        pytest.param(httpx.ReadError("reset"), id="unknown"),
        pytest.param(httpx.Response(502, html="<html>Bad gateway</html>"), id="gateway"),
        pytest.param(reply(429, {"message": "slow down"}, {"retry-after": "0"}), id="limited"),
    ],
)
async def test_a_read_is_tried_again(client, venue, answer):
    venue.answers["GET /v1/positions"] = [answer, answer, {"results": [{"market": "M"}]}]

    positions = await client.positions()

    assert [position.market for position in positions] == ["M"]
    assert client.metrics["retries"] == 2


async def test_a_read_ends_with_the_last_failure(client, venue):
    venue.answers["GET /v1/positions"] = reply(503, {"error": "SERVICE_UNAVAILABLE"})

    with pytest.raises(ServerError, match="503 SERVICE_UNAVAILABLE"):
        await client.positions()
    assert len(venue.seen("GET", "/v1/positions")) == 4


async def test_a_refused_read_is_not_tried_again(client, venue):
    venue.answers["GET /v1/orders/9"] = reply(404, {"error": "ORDER_ID_NOT_FOUND"})

    with pytest.raises(NotFoundError):
        await client.order("9")
    assert len(venue.seen("GET", "/v1/orders/9")) == 1


async def test_an_unreadable_read_is_a_message_error_that_says_where(client, venue):
    venue.answers["GET /v1/positions"] = {"results": [{"size": "1"}]}

    with pytest.raises(MessageError, match=r"GET /positions: .*market.*results"):
        await client.positions()


async def test_a_429_carries_the_time_of_the_reset(make_client, venue):
    headers = {"x-ratelimit-reset": "0.25", "x-ratelimit-remaining": "0"}
    venue.answers["GET /v1/system/state"] = reply(429, {"message": "rate limit"}, headers)

    with pytest.raises(RateLimitedError) as refusal:
        await make_client(max_retries=0).system_state()
    assert refusal.value.retry_after_secs == 0.25


async def test_a_request_that_finds_no_room_in_time_was_never_sent(make_client, venue):
    limiter = RateLimiter({RateClass.PUBLIC: (Quota(1, 3_600),)})
    venue.answers["GET /v1/system/state"] = {"status": "ok"}
    client = make_client(limiter=limiter, timeout_secs=1.0)
    await client.system_state()

    with pytest.raises(ThrottledError, match=r"public rate limit left no room within 1 s"):
        await client.system_state()
    assert len(venue.requests) == 1
    assert client.metrics["throttled"] == 1


async def test_the_headers_of_a_reply_feed_the_limiter(make_client, venue):
    limiter = RateLimiter()
    headers = {"x-ratelimit-limit": "1500", "x-ratelimit-remaining": "3"}
    venue.answers["GET /v1/system/state"] = reply(200, {"status": "ok"}, headers)

    await make_client(limiter=limiter).system_state()

    (bucket,) = limiter.buckets(RateClass.PUBLIC)
    assert bucket.tokens == pytest.approx(3, abs=0.9)


async def test_a_batch_counts_once(client, venue):
    venue.answers["POST /v1/orders/batch"] = {"orders": [], "errors": []}
    limiter = client._caller._limiter
    _, before = limiter.buckets(RateClass.ORDERS)
    full = before.tokens

    await client.create_orders([ORDER] * 10)

    assert full - before.tokens <= 1


# -- What is sent ----------------------------------------------------------------------------------

WINDOW = {"start_at_ms": 1, "end_at_ms": 2, "page_size": 3, "cursor": "c"}
WINDOW_QUERY = "start_at=1&end_at=2&page_size=3&cursor=c"
PAGE = {"results": [], "next": None}
LIST = {"results": []}


@pytest.mark.parametrize(
    ("request_of", "line", "answer"),
    [
        (lambda c: c.system_state(), "/system/state", {"status": "ok"}),
        (lambda c: c.markets(), "/markets", LIST),
        (lambda c: c.markets_summary(), "/markets/summary?market=ALL", LIST),
        (
            lambda c: c.settlement_price("M"),
            "/markets/settlement-price?market=M",
            {"symbol": "M"},
        ),
        (lambda c: c.orderbook("M", 5), "/orderbook/M?depth=5", {"market": "M"}),
        (lambda c: c.bbo("A/B?C"), "/bbo/A%2FB%3FC", {"market": "M"}),
        (lambda c: c.bbo_interactive("M"), "/bbo/M/interactive", {"market": "M"}),
        (
            lambda c: c.orderbook_interactive("M", 5),
            "/orderbook/M/interactive?depth=5",
            {"market": "M"},
        ),
        (lambda c: c.trades("M", **WINDOW), f"/trades?market=M&{WINDOW_QUERY}", PAGE),
        (
            lambda c: c.klines("M", resolution=5, start_at_ms=1, end_at_ms=2, price_kind="mark"),
            "/markets/klines?symbol=M&resolution=5&start_at=1&end_at=2&price_kind=mark",
            {"results": [[1, "2", 3.5, "4", "5", None]]},
        ),
        (lambda c: c.funding_data("M", **WINDOW), f"/funding/data?market=M&{WINDOW_QUERY}", PAGE),
        (lambda c: c.account_summary(), "/account", {"account": "0x1"}),
        (lambda c: c.account_info(), "/account/info", LIST),
        (lambda c: c.balances(), "/balance", LIST),
        (lambda c: c.positions(), "/positions", LIST),
        (lambda c: c.open_orders("M"), "/orders?market=M", LIST),
        (lambda c: c.open_orders(), "/orders", LIST),
        (lambda c: c.order("7"), "/orders/7", ORDER_REPLY),
        (lambda c: c.order_by_client_id("a/b"), "/orders/by_client_id/a%2Fb", ORDER_REPLY),
        (
            lambda c: c.orders_history(
                market="M", client_id="i", status="CLOSED", side="BUY", type="LIMIT", **WINDOW
            ),
            "/orders-history?market=M&client_id=i&status=CLOSED&side=BUY&type=LIMIT&"
            + WINDOW_QUERY,
            PAGE,
        ),
        (lambda c: c.fills(market="M", **WINDOW), f"/fills?market=M&{WINDOW_QUERY}", PAGE),
        (lambda c: c.fills(), "/fills", PAGE),
        (
            lambda c: c.funding_payments("BTC-USD-PERP", **WINDOW),
            f"/funding/payments?market=BTC-USD-PERP&{WINDOW_QUERY}",
            PAGE,
        ),
        (
            lambda c: c.transfers(status="PENDING", **WINDOW),
            f"/transfers?status=PENDING&{WINDOW_QUERY}",
            PAGE,
        ),
        (lambda c: c.tradebusts(**WINDOW), f"/tradebusts?{WINDOW_QUERY}", PAGE),
    ],
)
async def test_each_read_asks_the_documented_address(client, venue, request_of, line, answer):
    path = httpx.URL(f"http://venue.test/v1{line}").path
    venue.answers[f"GET {path}"] = answer

    await request_of(client)

    assert str(venue.requests[-1].url) == f"http://venue.test/v1{line}"
    assert venue.requests[-1].content == b""


@pytest.mark.parametrize(
    ("command", "line", "body"),
    [
        (
            lambda c: c.create_order(ORDER),
            "POST /orders",
            {
                "market": "BTC-USD-PERP",
                "side": "BUY",
                "type": "LIMIT",
                "size": "0.1",
                "price": "50000",
                "instruction": "GTC",
                "signature": '["1","2"]',
                "signature_timestamp": 1,
            },
        ),
        (
            lambda c: c.create_orders([ORDER]),
            "POST /orders/batch",
            [json.loads(msgspec.json.encode(ORDER))],
        ),
        (
            lambda c: c.modify_order("7", CHANGE),
            "PUT /orders/7",
            json.loads(msgspec.json.encode(CHANGE)),
        ),
        (lambda c: c.cancel_order("7"), "DELETE /orders/7", None),
        (
            lambda c: c.cancel_order_by_client_id("a b", "M"),
            "DELETE /orders/by_client_id/a%20b?market=M",
            None,
        ),
        (lambda c: c.cancel_all_orders(), "DELETE /orders", None),
        (lambda c: c.cancel_all_orders("M"), "DELETE /orders?market=M", None),
        (lambda c: c.cancel_orders(["7", "8"]), "DELETE /orders/batch", {"order_ids": ["7", "8"]}),
    ],
)
async def test_each_command_sends_the_documented_request(client, venue, command, line, body):
    method, target = line.split(" ", 1)
    path = httpx.URL(f"http://venue.test/v1{target}").path
    empty = method == "DELETE" and body is None
    venue.answers[f"{method} {path}"] = (
        reply(204) if empty else ORDER_REPLY | {"results": [{"id": "7", "status": "QUEUED"}]}
    )

    await command(client)

    request = venue.requests[-1]
    assert f"{request.method} {request.url}" == f"{method} http://venue.test/v1{target}"
    assert request.headers["authorization"].startswith("Bearer ")
    if body is None:
        assert request.content == b""
    else:
        assert request.headers["content-type"] == "application/json"
        assert json.loads(request.content) == body


# -- Pages -----------------------------------------------------------------------------------------


def pages_of(venue, count):
    venue.answers["GET /v1/fills"] = [
        {"results": [{"id": str(n), "market": "M"}], "next": f"c{n}" if n < count else ""}
        for n in range(1, count + 1)
    ]


async def test_all_pages_follows_the_cursors(client, venue):
    pages_of(venue, 3)

    fills = await client.all_pages(lambda cursor: client.fills(cursor=cursor), max_pages=3)

    cursors = [r.url.params.get("cursor") for r in venue.seen("GET", "/v1/fills")]
    assert [fill.id for fill in fills] == ["1", "2", "3"]
    assert cursors == [None, "c1", "c2"]


async def test_a_list_that_is_too_long_is_never_cut_short_in_silence(client, venue):
    pages_of(venue, 3)

    with pytest.raises(TooManyPagesError, match="goes on after 2 pages"):
        await client.all_pages(lambda cursor: client.fills(cursor=cursor), max_pages=2)


async def test_a_cursor_that_repeats_ends_the_walk(client, venue):
    venue.answers["GET /v1/fills"] = {"results": [], "next": "again"}

    with pytest.raises(MessageError, match="repeats the page cursor 'again'"):
        await client.all_pages(lambda cursor: client.fills(cursor=cursor), max_pages=100)


# -- Secrets ---------------------------------------------------------------------------------------


async def test_nothing_that_is_logged_or_raised_shows_a_secret(make_client, venue, caplog):
    venue.answers["GET /v1/positions"] = [httpx.ReadError("reset"), reply(401, EXPIRED_JWT)]
    client = make_client(ParadexCredentials(ACCOUNT, KEY))
    with caplog.at_level(logging.DEBUG):
        await client.start()
        token = await client.session.token()
        with pytest.raises(UnauthorizedError) as refusal:
            await client.positions()

    shown = caplog.text + str(refusal.value) + repr(client.signer) + repr(client.session)
    assert "is sent again" in caplog.text
    assert token not in shown
    assert f"{KEY:x}" not in shown


# -- Profile ---------------------------------------------------------------------------------------


async def test_tokens_are_asked_for_with_the_profile_that_is_wanted(make_client, venue):
    venue.answers["GET /v1/positions"] = {"results": []}
    for usage in (None, "interactive"):
        client = make_client(ParadexCredentials(ACCOUNT, KEY), token_usage=usage)
        await client.start()
        await client.positions()

    asked = [dict(request.url.params) for request in venue.seen("POST", "/v1/auth")]
    assert asked == [{}, {"token_usage": "interactive"}]


def test_a_profile_that_nobody_knows_is_refused(make_client):
    with pytest.raises(ValueError, match="token_usage must be interactive or None, was 'robot'"):
        make_client(token_usage="robot")


async def test_an_order_waits_no_longer_than_its_receive_window(make_client, venue):
    limiter = RateLimiter(
        {
            RateClass.PUBLIC: (Quota(1_500, 60),),
            RateClass.AUTH: (Quota(600, 60),),
            RateClass.ORDERS: (Quota(1, 3_600),),
        }
    )
    venue.answers["POST /v1/orders"] = ORDER_REPLY
    client = make_client(ParadexCredentials(ACCOUNT, KEY), limiter=limiter)
    await client.start()
    await client.create_order(ORDER)

    order = msgspec.structs.replace(ORDER, recv_window=200)
    with pytest.raises(ThrottledError, match=r"left no room within 0\.[012]"):
        await client.create_order(order)
    with pytest.raises(ThrottledError, match=r"left no room within 0\.[012]"):
        await client.create_orders([ORDER, order])
    assert len(venue.seen("POST", "/v1/orders")) == 1


async def test_an_order_that_has_waited_for_a_token_too_long_is_not_sent(client, venue):
    def slow_token():
        time.sleep(0.2)
        return venue.issue_token()

    venue.answers["POST /v1/auth"] = slow_token
    venue.answers["POST /v1/orders"] = ORDER_REPLY
    with pytest.raises(ThrottledError, match="waited for a token"):
        await client.create_order(msgspec.structs.replace(ORDER, recv_window=200))
    assert venue.seen("POST", "/v1/orders") == []


async def test_a_command_over_the_limit_is_sent_again_since_it_was_not_executed(client, venue):
    limited = reply(429, {"message": "rate limit exceeded"})
    venue.answers["POST /v1/orders"] = [limited, limited, ORDER_REPLY]

    assert (await client.create_order(ORDER)).id == "7"
    assert client.metrics["rate_limited"] == client.metrics["retries"] == 2


async def test_it_is_not_sent_again_once_its_receive_window_would_have_passed(client, venue):
    headers = {"retry-after": "10"}
    venue.answers["POST /v1/orders"] = reply(429, {"message": "slow down"}, headers)

    with pytest.raises(RateLimitedError, match="slow down"):
        await client.create_order(msgspec.structs.replace(ORDER, recv_window=5_000))
    assert len(venue.seen("POST", "/v1/orders")) == 1
