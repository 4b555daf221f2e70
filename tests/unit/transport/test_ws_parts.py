"""The parts of the WebSocket client that need no socket."""

import asyncio
import math
import random

import msgspec
import pytest

from nautilus_paradex.protocol.rpc import Response, RpcError
from nautilus_paradex.transport.inbox import Inbox
from nautilus_paradex.transport.negotiation import Negotiation, url_for
from nautilus_paradex.transport.reconnect import Backoff, ConnectLimiter
from nautilus_paradex.transport.requests import PendingRequests
from nautilus_paradex.transport.subscriptions import Subscriptions
from nautilus_paradex.transport.websocket import ParadexWebSocketClient
from nautilus_paradex.transport.websocket_errors import ConnectionLostError, SubscriptionError

ACK = Response(id=1, result=msgspec.Raw(b'{"channel":"x"}'))


class TestNegotiation:
    def test_newest_schema_first_plain_json_last(self) -> None:
        assert list(Negotiation().candidates()) == [2, 1, 0, None]

    def test_what_was_taken_is_tried_first_the_next_time(self) -> None:
        negotiation = Negotiation()

        negotiation.remember(1)

        assert list(negotiation.candidates()) == [1, 2, 0, None]

    def test_plain_json_is_remembered_too(self) -> None:
        negotiation = Negotiation()

        negotiation.remember(None)

        assert list(negotiation.candidates()) == [None, 2, 1, 0]

    @pytest.mark.parametrize(("forced", "expected"), [(1, [1]), (0, [0]), ("json", [None])])
    def test_forced_encoding_is_the_only_one(
        self,
        forced: int | None,
        expected: list[int | None],
    ) -> None:
        assert list(Negotiation(forced).candidates()) == expected

    @pytest.mark.parametrize("forced", [-1, 70_000, True, "xml", 1.5])
    def test_senseless_version_is_refused(self, forced: int) -> None:
        with pytest.raises(ValueError, match="sbe_schema_version"):
            Negotiation(forced)

    @pytest.mark.parametrize(
        ("url", "encoding", "expected"),
        [
            ("ws://h/v1", 2, "ws://h/v1?sbeSchemaId=1&sbeSchemaVersion=2"),
            ("ws://h/v1?a=b", 0, "ws://h/v1?a=b&sbeSchemaId=1&sbeSchemaVersion=0"),
            ("wss://h/v1", None, "wss://h/v1"),
        ],
    )
    def test_schema_is_asked_for_in_the_query(
        self,
        url: str,
        encoding: int | None,
        expected: str,
    ) -> None:
        assert url_for(url, encoding) == expected


class TestBackoff:
    def test_delays_stay_below_a_doubling_ceiling(self) -> None:
        backoff = Backoff(0.25, 2.0, rng=random.Random(1))

        for ceiling in (0.25, 0.5, 1.0, 2.0, 2.0, 2.0):
            assert 0 <= backoff.next_delay() <= ceiling

    def test_jitter_is_full(self) -> None:
        backoff = Backoff(1.0, 1.0, rng=random.Random(1))
        delays = [backoff.next_delay() for _ in range(500)]

        assert min(delays) < 0.05
        assert max(delays) > 0.95

    def test_many_failures_do_not_overflow(self) -> None:
        backoff = Backoff(0.25, 30.0)

        assert all(backoff.next_delay() <= 30.0 for _ in range(2_000))

    def test_only_a_connection_that_lasted_starts_it_over(self) -> None:
        backoff = Backoff(0.001, 1_000.0, stable_after_secs=10.0, rng=random.Random(3))
        for _ in range(15):
            backoff.next_delay()

        backoff.note_lifetime(9.9)
        assert max(backoff.next_delay() for _ in range(3)) > 0.001
        backoff.note_lifetime(10.0)
        assert backoff.next_delay() <= 0.001

    @pytest.mark.parametrize(("initial", "most"), [(0, 1), (2, 1), (-1, 1)])
    def test_senseless_delays_are_refused(self, initial: float, most: float) -> None:
        with pytest.raises(ValueError, match="reconnect delays"):
            Backoff(initial, most)


class TestConnectLimiter:
    def test_twenty_connects_pass_at_once_the_next_waits_out_the_second(self) -> None:
        limiter = ConnectLimiter()
        for _ in range(20):
            assert limiter.delay(100.0) == 0
            limiter.record(100.0)

        assert limiter.delay(100.25) == pytest.approx(0.75)
        assert limiter.delay(101.0) == 0

    def test_no_window_ever_holds_more_than_the_venue_allows(self) -> None:
        limiter = ConnectLimiter()
        now, connects = 0.0, []
        for _ in range(1_500):
            now += limiter.delay(now)
            limiter.record(now)
            connects.append(now)

        for count, window_secs in ((20, 1.0), (600, 60.0)):
            gaps = (late - early for early, late in zip(connects, connects[count:], strict=False))
            assert min(gaps) >= window_secs - 1e-9


class TestInbox:
    async def test_oldest_gives_way(self) -> None:
        inbox = Inbox[int](2)

        assert [inbox.put(item) for item in (1, 2, 3)] == [False, False, True]
        assert [await inbox.get(), await inbox.get()] == [2, 3]

    async def test_each_item_goes_to_one_of_several_waiters(self) -> None:
        inbox = Inbox[int](10)
        waiters = [asyncio.create_task(inbox.get()) for _ in range(3)]
        await asyncio.sleep(0)

        for item in (1, 2, 3):
            inbox.put(item)

        assert sorted([await waiter or 0 for waiter in waiters]) == [1, 2, 3]

    async def test_wake_up_of_a_cancelled_waiter_goes_to_the_next(self) -> None:
        inbox = Inbox[int](10)
        first, second = (asyncio.create_task(inbox.get()) for _ in range(2))
        await asyncio.sleep(0)

        inbox.put(1)
        first.cancel()

        assert await second == 1

    async def test_close_ends_every_wait(self) -> None:
        inbox = Inbox[int](10)
        waiters = [asyncio.create_task(inbox.get()) for _ in range(3)]
        await asyncio.sleep(0)

        inbox.close()

        assert await asyncio.gather(*waiters) == [None, None, None]

    def test_capacity_below_one_is_refused(self) -> None:
        with pytest.raises(ValueError, match="was 0"):
            Inbox[int](0)


class TestPendingRequests:
    async def test_answer_finds_its_request_by_id(self) -> None:
        pending = PendingRequests()
        with pending.expect() as (first_id, first), pending.expect() as (second_id, second):
            assert pending.resolve(Response(id=second_id))
            assert pending.resolve(Response(id=first_id))

            assert (await first).id == first_id
            assert (await second).id == second_id

    async def test_nothing_is_kept_of_a_request_that_was_given_up(self) -> None:
        pending = PendingRequests()
        with pending.expect() as (request_id, _):
            pass

        assert len(pending) == 0
        assert not pending.resolve(Response(id=request_id))

    async def test_second_answer_to_a_request_is_nobodys(self) -> None:
        pending = PendingRequests()
        with pending.expect() as (request_id, _):
            assert pending.resolve(Response(id=request_id))
            assert not pending.resolve(Response(id=request_id))

    async def test_lost_connection_ends_every_wait(self) -> None:
        pending = PendingRequests()
        with pending.expect() as (_, first), pending.expect() as (_, second):
            pending.fail_all(ConnectionLostError("gone"))

            for answer in (first, second):
                with pytest.raises(ConnectionLostError):
                    await answer


class TestSubscriptions:
    def test_only_what_was_confirmed_is_active_and_replayed_in_its_order(self) -> None:
        book = Subscriptions()
        for channel in ("c", "a", "b"):
            book.enter(channel, {})
        for channel in ("b", "c"):
            entry = book.get(channel)
            assert entry is not None
            entry.confirm(ACK)

        book.connection_lost()

        assert book.active == ()
        assert [entry.channel for entry in book.to_replay] == ["c", "b"]

    def test_late_confirmation_is_adopted(self) -> None:
        book = Subscriptions()
        book.enter("a", {}).note_request(5)

        assert book.adopt_late(Response(id=5)) == "a"
        assert book.active == ("a",)

    @pytest.mark.parametrize(
        "response",
        [
            Response(id=6),
            Response(id=None),
            Response(id=5, error=RpcError(-32600, "no")),
        ],
    )
    def test_other_late_answers_are_not(self, response: Response) -> None:
        book = Subscriptions()
        book.enter("a", {}).note_request(5)
        book.enter("b", {})

        assert book.adopt_late(response) is None

    def test_other_parameters_for_the_same_channel_are_a_contradiction(self) -> None:
        book = Subscriptions()
        book.enter("markets_summary", {"markets": ["A"]}).confirm(ACK)

        with pytest.raises(SubscriptionError, match="unsubscribe it first"):
            book.enter("markets_summary", {"markets": ["B"]})


@pytest.mark.parametrize("value", [0, -1, math.nan])
@pytest.mark.parametrize(
    "setting",
    [
        "connect_timeout_secs",
        "ack_timeout_secs",
        "ping_interval_secs",
        "ping_timeout_secs",
        "silence_timeout_secs",
        "max_message_bytes",
    ],
)
def test_settings_that_make_no_sense_are_named(setting: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{setting} must be above 0, was {value}"):
        ParadexWebSocketClient("ws://127.0.0.1:1/v1", **{setting: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("setting", ["ping_interval_secs", "silence_timeout_secs"])
def test_settings_that_may_be_switched_off(setting: str) -> None:
    ParadexWebSocketClient("ws://127.0.0.1:1/v1", **{setting: None})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "url", ["http://h/v1", "ws://", "ws://h:abc/v1", "ws://h:99999/v1", "ws://["]
)
def test_an_address_that_leads_nowhere_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="WebSocket URL must look like"):
        ParadexWebSocketClient(url)
