"""The JWT session: one fetch at a time, renewal before expiry, read-only tokens."""

import asyncio
import logging

import jwt
import pytest

from nautilus_paradex.transport.clock import VenueClock
from nautilus_paradex.transport.errors import NoTokenError, NotSentError, UnknownOutcomeError
from nautilus_paradex.transport.session import ReadonlySession, SignedSession, token_times

START_SECS = 1_790_000_000


class Venue:
    """Issues tokens of five minutes on a clock that the test moves."""

    def __init__(self):
        self.now_secs = START_SECS
        self.lifetime_secs = 300
        self.issued = 0
        self.failure = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.clock = VenueClock(lambda: self.now_secs * 10**9)

    async def fetch(self):
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        self.issued += 1
        return make_token(self.now_secs, self.now_secs + self.lifetime_secs, self.issued)


def make_token(issued_secs, expires_secs, number=0):
    claims = {"iat": issued_secs, "exp": expires_secs, "jti": str(number)}
    return jwt.encode(claims, "a key that nobody but this test uses")


@pytest.fixture
def venue():
    return Venue()


@pytest.fixture
async def session(venue):
    session = SignedSession(venue.fetch, venue.clock)
    yield session
    await session.close()


async def background_done(session):
    # The renewal runs in the session's own task: being handed that task is what one waits for.
    if session._fetching is not None:
        await asyncio.wait([session._fetching])


async def test_callers_at_once_share_one_fetch(session, venue):
    venue.gate.clear()
    callers = [asyncio.create_task(session.token()) for _ in range(20)]
    await asyncio.sleep(0)
    venue.gate.set()

    tokens = await asyncio.gather(*callers)

    assert venue.issued == 1
    assert len(set(tokens)) == 1


async def test_a_token_is_used_until_three_fifths_of_its_life(session, venue):
    first = await session.token()
    venue.now_secs += 179
    again = await session.token()
    await background_done(session)

    assert again == first
    assert venue.issued == 1


async def test_renewal_runs_beside_the_requests(session, venue):
    first = await session.token()
    venue.now_secs += 180
    venue.gate.clear()

    during = await session.token()
    venue.gate.set()
    await background_done(session)
    after = await session.token()

    assert during == first
    assert after != first
    assert venue.issued == 2


async def test_a_failed_renewal_costs_a_warning_while_the_token_lives(session, venue, caplog):
    first = await session.token()
    venue.now_secs += 200
    venue.failure = UnknownOutcomeError("no reply")

    with caplog.at_level(logging.WARNING):
        during = await session.token()
        await background_done(session)
    venue.failure = None
    venue.now_secs += 5
    await session.token()
    await background_done(session)

    assert during == first
    assert "JWT not renewed" in caplog.text
    assert first not in caplog.text
    assert await session.token() != first


async def test_a_failed_renewal_is_not_tried_again_with_each_request(session, venue):
    tries = 0

    async def refuse():
        nonlocal tries
        tries += 1
        raise UnknownOutcomeError("no reply")

    first = await session.token()
    session._fetch = refuse
    venue.now_secs += 200
    for _ in range(500):
        assert await session.token() == first
        await background_done(session)
    assert tries == 1

    venue.now_secs += 5
    await session.token()
    await background_done(session)
    assert tries == 2


async def test_a_token_about_to_expire_is_waited_for(session, venue):
    first = await session.token()
    venue.now_secs += 291

    assert await session.token() != first
    assert venue.issued == 2


async def test_a_token_of_seconds_is_still_used_more_than_once(session, venue):
    venue.lifetime_secs = 5
    first = await session.token()
    venue.now_secs += 2

    assert await session.token() == first
    assert venue.issued == 1


async def test_the_venues_clock_decides_not_this_machines(session, venue):
    venue.clock.measure(sent_ns=0, received_ns=0, venue_ms=3_600_000)
    first = await session.token()

    # The token's times are an hour behind the venue's clock as measured: it is expired.
    assert await session.token() != first


async def test_an_opaque_token_is_taken_for_five_minutes(venue):
    tokens = iter(["opaque-1", "opaque-2"])

    async def fetch():
        return next(tokens)

    session = SignedSession(fetch, venue.clock)
    first = await session.token()
    venue.now_secs += 150
    second = await session.token()
    venue.now_secs += 145

    assert (first, second) == ("opaque-1", "opaque-1")
    assert await session.token() == "opaque-2"


async def test_a_refused_token_is_fetched_anew_once_for_all(session, venue):
    stale = await session.token()

    tokens = await asyncio.gather(*(session.refresh(stale) for _ in range(10)))

    assert venue.issued == 2
    assert set(tokens) == {await session.token()}
    assert stale not in tokens


async def test_who_comes_late_with_an_old_token_gets_the_present_one(session, venue):
    stale = await session.token()
    present = await session.refresh(stale)

    assert await session.refresh(stale) == present
    assert venue.issued == 2


async def test_a_failure_reaches_every_caller_and_is_not_kept(session, venue):
    venue.failure = UnknownOutcomeError("no reply")

    failures = await asyncio.gather(*(session.token() for _ in range(3)), return_exceptions=True)
    venue.failure = None

    assert [type(failure) for failure in failures] == [UnknownOutcomeError] * 3
    assert await session.token()


async def test_a_caller_that_gives_up_does_not_end_the_fetch(session, venue):
    venue.gate.clear()
    impatient = asyncio.create_task(session.token())
    patient = asyncio.create_task(session.token())
    await asyncio.sleep(0)

    impatient.cancel()
    await asyncio.wait([impatient])
    venue.gate.set()

    assert await patient
    assert venue.issued == 1


async def test_closing_ends_a_fetch_and_its_waiters(session, venue):
    venue.gate.clear()
    waiting = asyncio.create_task(session.token())
    await asyncio.sleep(0)

    await session.close()

    with pytest.raises(NotSentError, match="closed while it fetched"):
        await waiting


async def test_a_repr_shows_no_token(session, venue):
    token = await session.token()

    assert token not in repr(session)
    assert token not in repr(ReadonlySession(token, venue.clock))


async def test_a_readonly_token_is_handed_out_as_it_is(venue):
    token = make_token(START_SECS, START_SECS + 86_400)
    session = ReadonlySession(token, venue.clock)

    assert await session.token() == token


async def test_an_expired_readonly_token_is_a_clear_error(venue):
    session = ReadonlySession(make_token(START_SECS, START_SECS + 10), venue.clock)
    venue.now_secs += 10

    with pytest.raises(NoTokenError, match="has expired: create a new one"):
        await session.token()


async def test_a_readonly_token_is_never_renewed(venue):
    token = make_token(START_SECS, START_SECS + 86_400)
    session = ReadonlySession(token, venue.clock)

    with pytest.raises(NoTokenError, match="create a new one, or give a private key") as refusal:
        await session.refresh(token)
    assert token not in str(refusal.value)


@pytest.mark.parametrize(
    ("token", "times"),
    [
        (make_token(1, 2), (1_000, 2_000)),
        (jwt.encode({"exp": 2}, "k" * 32), (None, 2_000)),
        (jwt.encode({}, "k" * 32), (None, None)),
        (jwt.encode({"exp": float("inf")}, "k" * 32), (None, None)),
        ("opaque", (None, None)),
        ("a.b.c", (None, None)),
        ("", (None, None)),
    ],
)
def test_the_times_of_a_token_are_read_where_it_has_any(token, times):
    assert token_times(token) == times
