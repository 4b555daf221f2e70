"""Rate limits: buckets refill continuously, waiters queue, headers are listened to."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_paradex.transport.rate_limit import (
    DOCUMENTED_LIMITS,
    LimitReport,
    Quota,
    RateClass,
    RateLimiter,
    TokenBucket,
    read_limit_headers,
)

NOW_MS = 1_790_000_000_000


class FakeTime:
    """A clock that only sleeping moves."""

    def __init__(self):
        self.now_secs = 100.0

    def __call__(self):
        return self.now_secs

    async def sleep(self, secs):
        await asyncio.sleep(0)
        self.now_secs += secs


@pytest.fixture
def fake_time():
    return FakeTime()


@pytest.fixture
def limiter(fake_time):
    limits = {
        RateClass.PUBLIC: (Quota(3, 60),),
        RateClass.ORDERS: (Quota(2, 1), Quota(4, 60)),
    }
    return RateLimiter(limits, fake_time, fake_time.sleep)


def test_the_documented_limits_stand():
    assert DOCUMENTED_LIMITS == {
        RateClass.PUBLIC: ((1_500, 60),),
        RateClass.AUTH: ((600, 60),),
        RateClass.ORDERS: ((800, 1), (17_250, 60)),
        RateClass.PRIVATE: ((120, 1), (600, 60), (1_500, 60)),
    }


def test_a_bucket_refills_continuously(fake_time):
    bucket = TokenBucket(Quota(6, 60), fake_time)
    for _ in range(6):
        bucket.take()

    empty_delay = bucket.delay_secs()
    fake_time.now_secs += 4
    part_delay = bucket.delay_secs()
    fake_time.now_secs += 6

    assert empty_delay == pytest.approx(10)
    assert part_delay == pytest.approx(6)
    assert bucket.delay_secs() == 0
    assert bucket.tokens == pytest.approx(1)


@given(st.lists(st.floats(0, 10, allow_nan=False), min_size=1, max_size=50))
def test_no_schedule_gets_more_through_than_burst_and_rate(pauses):
    fake_time = FakeTime()
    bucket = TokenBucket(Quota(5, 10), fake_time)
    start, passed = fake_time.now_secs, 0
    for pause in pauses:
        fake_time.now_secs += pause
        while bucket.delay_secs() == 0:
            bucket.take()
            passed += 1

    assert passed <= 5 + (fake_time.now_secs - start) * 0.5 + 1e-6


async def test_requests_wait_for_the_tightest_bucket(limiter, fake_time):
    waits = [await limiter.acquire(RateClass.ORDERS) for _ in range(5)]

    assert waits[:2] == [0, 0]
    assert waits[2] == pytest.approx(0.5)
    assert waits[3] == pytest.approx(0.5)
    # By now the minute's bucket is the tight one: 4 a minute are one each 15 s.
    assert waits[4] == pytest.approx(14)


async def test_one_classs_requests_leave_the_others_alone(limiter):
    for _ in range(3):
        await limiter.acquire(RateClass.PUBLIC)

    assert await limiter.acquire(RateClass.ORDERS) == 0


async def test_waiters_go_in_order_of_arrival(limiter):
    order = []

    async def request(number):
        await limiter.acquire(RateClass.PUBLIC)
        order.append(number)

    await asyncio.gather(*(request(number) for number in range(8)))

    assert order == list(range(8))


async def test_what_is_urgent_overtakes_all_but_the_next(limiter):
    order = []

    async def request(number, *, is_urgent=False):
        await limiter.acquire(RateClass.ORDERS, is_urgent=is_urgent)
        order.append(number)

    for _ in range(2):
        await limiter.acquire(RateClass.ORDERS)
    waiting = [asyncio.create_task(request(number)) for number in range(4)]
    await asyncio.sleep(0)
    await asyncio.gather(request(4, is_urgent=True), request(5, is_urgent=True), *waiting)

    assert order == [0, 4, 5, 1, 2, 3]


async def test_a_cancelled_wait_takes_no_token_and_lets_the_next_one_in(fake_time):
    stuck = asyncio.Event()

    async def sleep_until_cancelled(secs):
        stuck.set()
        await asyncio.Event().wait()

    limiter = RateLimiter({RateClass.PUBLIC: (Quota(1, 60),)}, fake_time, sleep_until_cancelled)
    await limiter.acquire(RateClass.PUBLIC)
    waiting = asyncio.create_task(limiter.acquire(RateClass.PUBLIC))
    await stuck.wait()

    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    fake_time.now_secs += 60

    assert await limiter.acquire(RateClass.PUBLIC) == 0


@pytest.mark.parametrize(
    ("headers", "report"),
    [
        ({}, LimitReport(None, None, None, None)),
        (
            {
                "x-ratelimit-limit": "1500",
                "x-ratelimit-remaining": "12",
                "x-ratelimit-reset": str(NOW_MS // 1_000 + 7),
                "x-ratelimit-window": "60",
            },
            LimitReport(1_500, 12, 7.0, 60.0),
        ),
        (
            {"x-ratelimit-reset": str(NOW_MS + 2_500), "x-ratelimit-window": "60000"},
            LimitReport(None, None, 2.5, 60.0),
        ),
        ({"x-ratelimit-reset": "9"}, LimitReport(None, None, 9.0, None)),
        ({"retry-after": "3"}, LimitReport(None, None, 3.0, None)),
        ({"x-ratelimit-reset": str(NOW_MS - 5_000)}, LimitReport(None, None, 0.0, None)),
        (
            {"x-ratelimit-limit": "many", "x-ratelimit-reset": "Mon, 1 Jan", "retry-after": "-"},
            LimitReport(None, None, None, None),
        ),
    ],
)
def test_headers_are_read_in_seconds_and_in_milliseconds(headers, report):
    assert read_limit_headers(headers, NOW_MS) == report


@given(st.text(max_size=30))
def test_no_header_costs_a_request(text):
    headers = {f"x-ratelimit-{name}": text for name in ("limit", "remaining", "reset", "window")}

    read_limit_headers(headers, NOW_MS)


@pytest.mark.parametrize(
    ("report", "second", "minute"),
    [
        pytest.param(LimitReport(None, 1, None, 60.0), 2, 1, id="named by window"),
        pytest.param(LimitReport(2, 0, None, None), 0, 4, id="named by limit"),
        pytest.param(LimitReport(4, 9, None, None), 2, 4, id="never raised"),
        pytest.param(LimitReport(None, 0, None, None), 2, 4, id="not named"),
        pytest.param(LimitReport(99, 0, None, 3_600.0), 2, 4, id="unknown window"),
        pytest.param(LimitReport(3, None, None, 60.0), 2, 3, id="another limit"),
        pytest.param(LimitReport(0, -1, None, 1.0), 0, 4, id="nonsense"),
    ],
)
def test_the_bucket_that_the_headers_name_adopts_what_they_say(limiter, report, second, minute):
    limiter.observe(RateClass.ORDERS, report)

    per_second, per_minute = limiter.buckets(RateClass.ORDERS)
    assert per_second.tokens == second
    assert per_minute.tokens == minute


def test_of_two_buckets_with_one_window_the_limit_tells():
    limiter = RateLimiter()

    limiter.observe(RateClass.PRIVATE, LimitReport(1_500, 7, None, 60.0))

    assert [round(bucket.tokens) for bucket in limiter.buckets(RateClass.PRIVATE)] == [120, 600, 7]


def test_an_only_bucket_needs_no_name(limiter):
    limiter.observe(RateClass.PUBLIC, LimitReport(None, 1, None, None))

    (bucket,) = limiter.buckets(RateClass.PUBLIC)
    assert bucket.tokens == 1


@pytest.mark.parametrize(
    ("report", "second", "minute"),
    [
        (LimitReport(None, None, None, None), 0, 0),
        (LimitReport(None, None, None, 1.0), 0, 4),
    ],
)
def test_a_429_empties_the_bucket_it_names_or_all(limiter, report, second, minute):
    limiter.exhaust(RateClass.ORDERS, report)

    per_second, per_minute = limiter.buckets(RateClass.ORDERS)
    assert per_second.tokens == second
    assert per_minute.tokens == minute
