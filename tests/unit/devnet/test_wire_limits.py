"""The devnet's own rate limits: buckets that refill continuously."""

from nautilus_paradex.devnet.config import RateLimits
from nautilus_paradex.devnet.wire.limits import Policy, RateLimiter


class Clock:
    def __init__(self):
        self.secs = 1_000.0

    def __call__(self):
        return self.secs


def limiter(clock, **limits):
    return RateLimiter(RateLimits(**limits), clock)


def take(limiter, *, policy=Policy.ORDER, ip="1", account="a"):
    return limiter.take(policy, ip=ip, account=account)


def test_tokens_come_back_as_time_passes():
    clock = Clock()
    orders = limiter(clock, orders_per_second=2)
    assert [take(orders).allowed for _ in range(3)] == [True, True, False]
    clock.secs += 0.5
    assert [take(orders).allowed for _ in range(2)] == [True, False]
    clock.secs += 100
    assert [take(orders).allowed for _ in range(3)] == [True, True, False]


def test_the_longer_window_binds_too():
    clock = Clock()
    orders = limiter(clock, orders_per_second=10, orders_per_minute=3)
    assert [take(orders).allowed for _ in range(4)] == [True, True, True, False]
    assert take(orders).headers["x-ratelimit-window"] == "60"


def test_a_refused_request_costs_nothing():
    clock = Clock()
    orders = limiter(clock, orders_per_second=1, orders_per_minute=5)
    for _ in range(50):
        take(orders)
    clock.secs += 1
    assert take(orders).allowed


def test_accounts_have_buckets_of_their_own_and_share_those_of_their_address():
    reads = limiter(Clock(), reads_per_second=5, reads_per_minute_ip=3)
    allowed = [
        take(reads, policy=Policy.READ, account=account).allowed for account in ("a", "b", "c", "d")
    ]
    assert allowed == [True, True, True, False]
    assert take(reads, policy=Policy.READ, ip="2", account="a").allowed


def test_a_clock_that_goes_back_gives_no_tokens():
    clock = Clock()
    orders = limiter(clock, orders_per_second=1)
    take(orders)
    clock.secs -= 50
    assert not take(orders).allowed


def test_reset_is_when_the_bucket_is_full_again():
    clock = Clock()
    orders = limiter(clock, orders_per_second=1_000, orders_per_minute=60)
    for _ in range(10):
        verdict = take(orders)
    assert verdict.headers["x-ratelimit-remaining"] == "50"
    assert verdict.headers["x-ratelimit-reset"] == str(1_000 + 10)
