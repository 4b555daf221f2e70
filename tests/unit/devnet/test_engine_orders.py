"""From a request to its end: refused at once, accepted, traded, cancelled."""

from collections.abc import Callable

import pytest
from engine_world import ALICE, BOB, BTC, CAROL, World

from nautilus_paradex.devnet.engine.model import OrderRefused
from nautilus_paradex.protocol.events import AccountEvent, BboEvent, PositionEvent, TradeEvent
from nautilus_paradex.protocol.numbers import E8


class TestRefusedAtOnce:
    @pytest.mark.parametrize(
        ("code", "fields"),
        [
            ("MARKET_NOT_FOUND", {"market": "NO-SUCH-PERP"}),
            ("INVALID_ORDER_SIZE", {"size_e8": 0}),
            ("INVALID_ORDER_SIZE", {"size_e8": -E8}),
            ("INVALID_ORDER_SIZE", {"size_e8": 1}),
            ("INVALID_ORDER_SIZE", {"size_e8": 101 * E8}),
            ("VALIDATION_ERROR", {"price_e8": 95_000 * E8 + 1}),
            ("VALIDATION_ERROR", {"price_e8": 0}),
            ("VALIDATION_ERROR", {"price_e8": None}),
            ("VALIDATION_ERROR", {"order_type": "MARKET"}),
            ("VALIDATION_ERROR", {"side": "LEFT"}),
            ("VALIDATION_ERROR", {"order_type": "ICEBERG"}),
            ("VALIDATION_ERROR", {"instruction": "FOK"}),
            ("VALIDATION_ERROR", {"stp": "NONE_OF_THIS"}),
            ("VALIDATION_ERROR", {"flags": ("INTERACTIVE",)}),
            ("VALIDATION_ERROR", {"client_id": "x" * 65}),
            ("VALIDATION_ERROR", {"trigger_price_e8": 90_000 * E8}),
            ("VALIDATION_ERROR", {"order_type": "STOP_LIMIT"}),
            (
                "VALIDATION_ERROR",
                {"order_type": "STOP_LOSS_LIMIT", "trigger_price_e8": 90_000 * E8},
            ),
            ("RPI_ACCOUNT_NOT_WHITELISTED", {"instruction": "RPI"}),
        ],
    )
    def test_what_is_malformed(self, world: World, code: str, fields: dict[str, object]) -> None:
        with pytest.raises(OrderRefused) as refused:
            world.send(ALICE, "BUY", "0.1", "95000", **fields)

        assert refused.value.code == code
        assert world.exchange.open_orders(ALICE) == []
        assert world.exchange.queued == 0

    def test_an_account_that_is_not_open(self, world: World) -> None:
        with pytest.raises(OrderRefused, match="ACCOUNT_NOT_FOUND"):
            world.send("0x404", "BUY", "0.1", "95000")

    @pytest.mark.parametrize("price", ["95000", "1"])
    def test_a_client_id_used_before_even_by_a_closed_order(self, world: World, price: str) -> None:
        first = world.send(ALICE, "BUY", "0.1", price, client_id="mine")
        world.exchange.cancel(ALICE, first.order_id)
        world.exchange.process()

        with pytest.raises(OrderRefused, match="DUPLICATED_CLIENT_ID"):
            world.send(ALICE, "BUY", "0.1", "95000", client_id="mine")
        assert world.send(BOB, "BUY", "0.1", "95000", client_id="mine").status == "OPEN"

    def test_the_101st_order_of_a_market(self, world: World) -> None:
        for _ in range(100):
            world.send(ALICE, "BUY", "0.001", "95000")

        with pytest.raises(OrderRefused, match="max open orders of 100"):
            world.send(ALICE, "BUY", "0.001", "95000")
        other = world.send(ALICE, "BUY", "0.1", "3400", market="ETH-USD-PERP")
        assert other.status == "OPEN"

    @pytest.mark.parametrize(
        ("status", "instruction", "price", "code"),
        [
            ("cancel_only", "POST_ONLY", "95990", "SYSTEM_STATUS_CANCEL_ONLY"),
            ("post_only", "GTC", "95990", "SYSTEM_STATUS_POST_ONLY"),
            ("post_only", "POST_ONLY", "95951.9", "VALIDATION_ERROR.* 5 bp"),
            ("post_only", "POST_ONLY", "95952", None),
            ("post_only", "POST_ONLY", "96048", None),
            ("post_only", "POST_ONLY", "96048.1", "VALIDATION_ERROR.* 5 bp"),
            ("maintenance", "GTC", "95990", "SERVICE_UNAVAILABLE"),
        ],
    )
    def test_what_the_state_of_the_system_does_not_allow(
        self, world: World, status: str, instruction: str, price: str, code: str | None
    ) -> None:
        world.exchange.system_status = status
        if code is None:
            assert world.send(ALICE, "BUY", "0.1", price, instruction=instruction).status == "OPEN"
            return
        with pytest.raises(OrderRefused, match=code):
            world.send(ALICE, "BUY", "0.1", price, instruction=instruction)


class TestAcceptance:
    def test_is_not_the_answer_to_the_request(self, world: World) -> None:
        answer = world.exchange.submit(ALICE, world.order("BUY", "0.1", "95000"))

        assert (answer.status, world.deltas()) == ("NEW", [])
        world.exchange.process()
        assert [e.status for e in world.story(answer.order_id)] == ["NEW", "OPEN"]

    def test_ids_have_the_venues_28_digits_and_sequence_numbers_grow(self, world: World) -> None:
        orders = [world.send(ALICE, "BUY", "0.1", "95000") for _ in range(5)]

        ids = [str(order.order_id) for order in orders]
        assert {len(i) for i in ids} == {28}
        assert all(i.isdigit() for i in ids)
        assert ids == sorted(set(ids))
        seqs = [e.seq for order in orders for e in world.story(order.order_id)]
        assert seqs == sorted(set(seqs))

    @pytest.mark.parametrize(
        ("reason", "side", "size", "price", "fields"),
        [
            ("ORDER_SIZE_BELOW_MIN", "BUY", "0.0001", "95000", {}),
            ("EMPTY_MARKET", "BUY", "0.1", None, {"market": "ETH-USD-PERP"}),
            ("POST_ONLY_WOULD_CROSS", "BUY", "0.1", "96010", {"instruction": "POST_ONLY"}),
            ("REMAINING_IOC_CANCEL", "BUY", "0.1", "96000", {"instruction": "IOC"}),
            ("EXCEEDS_MAX_SLIPPAGE", "BUY", "0.1", "100801", {}),
            ("EXCEEDS_MAX_SLIPPAGE", "SELL", "0.1", "91199", {}),
            ("NOT_ENOUGH_MARGIN", "BUY", "60", "95000", {}),
            ("REDUCE_ONLY_WILL_INCREASE", "BUY", "0.1", "95000", {"flags": ("REDUCE_ONLY",)}),
        ],
    )
    def test_closes_with_the_venues_reason(
        self,
        world: World,
        reason: str,
        side: str,
        size: str,
        price: str | None,
        fields: dict[str, object],
    ) -> None:
        world.send(BOB, "BUY", "0.1", "95990")
        world.send(BOB, "SELL", "0.1", "96010")

        order = world.send(ALICE, side, size, price, **fields)

        assert (order.status, order.cancel_reason) == ("CLOSED", reason)
        assert order.size_open == order.size
        assert world.fills(ALICE) == []
        assert world.exchange.open_orders(ALICE) == []

    def test_a_passive_price_outside_the_band_may_rest(self, world: World) -> None:
        assert world.send(ALICE, "BUY", "0.1", "50000").status == "OPEN"
        assert world.send(ALICE, "SELL", "0.1", "150000").status == "OPEN"

    def test_the_position_limit_counts_orders_and_position(
        self, new_world: Callable[..., World]
    ) -> None:
        world = new_world(balance=10_000_000)
        for _ in range(5):
            assert world.send(ALICE, "BUY", "100", "95000").status == "OPEN"

        assert world.send(ALICE, "BUY", "1", "95000").cancel_reason == (
            "ORDER_EXCEEDS_POSITION_LIMIT"
        )


class TestTrading:
    def test_a_market_order_goes_from_new_to_closed_with_its_fills_before(
        self, world: World
    ) -> None:
        maker = world.send(BOB, "SELL", "0.5", "96000.1")
        taker = world.send(ALICE, "BUY", "0.2")

        assert [e.status for e in world.story(taker.order_id)] == ["NEW", "CLOSED"]
        assert (taker.cancel_reason, taker.size_open) == ("", 0)
        assert taker.avg_fill_price == 9_600_010_000_000
        assert world.last(maker.order_id).size_open == 30_000_000
        (fill,) = world.fills(ALICE)
        assert (fill.liquidity, fill.side, fill.order_id) == ("TAKER", "BUY", taker.order_id)
        (theirs,) = world.fills(BOB)
        assert (theirs.liquidity, theirs.side, theirs.order_id) == ("MAKER", "SELL", maker.order_id)
        assert theirs.fill_id == fill.fill_id

    def test_the_better_price_then_the_older_order_is_met_first(self, world: World) -> None:
        late_and_better = world.send(CAROL, "SELL", "0.1", "96010")
        first = world.send(BOB, "SELL", "0.1", "96020")
        second = world.send(CAROL, "SELL", "0.1", "96020")

        world.send(ALICE, "BUY", "0.25", "96020")

        met = [world.last(o.order_id).size_open for o in (late_and_better, first, second)]
        assert met == [0, 0, 5_000_000]

    def test_a_limit_order_trades_at_the_makers_price_and_rests_with_what_remains(
        self, world: World
    ) -> None:
        world.send(BOB, "SELL", "0.1", "96000")

        order = world.send(ALICE, "BUY", "0.3", "96005")

        assert (order.status, order.size_open) == ("OPEN", 20_000_000)
        assert world.fills(ALICE)[0].price == 96_000 * E8
        assert world.exchange.bbo(BTC).bid_price == 96_005 * E8

    def test_a_market_order_is_cut_at_the_price_band(self, world: World) -> None:
        world.send(BOB, "SELL", "0.1", "96000")
        world.send(BOB, "SELL", "0.1", "150000")

        order = world.send(ALICE, "BUY", "0.2")

        assert (order.cancel_reason, order.size_open) == ("EXCEEDS_MAX_SLIPPAGE", 10_000_000)

    def test_what_a_market_order_finds_no_one_for_is_cancelled(self, world: World) -> None:
        world.send(BOB, "SELL", "0.1", "96000")

        assert world.send(ALICE, "BUY", "0.2").cancel_reason == "REMAINING_IOC_CANCEL"

    @pytest.mark.parametrize(
        ("stp", "taker_reason", "maker_reason"),
        [
            ("EXPIRE_TAKER", "SELF_TRADE", ""),
            ("EXPIRE_MAKER", "", "SELF_TRADE"),
            ("EXPIRE_BOTH", "SELF_TRADE", "SELF_TRADE"),
        ],
    )
    def test_nobody_trades_with_himself(
        self, world: World, stp: str, taker_reason: str, maker_reason: str
    ) -> None:
        other = world.send(BOB, "SELL", "0.1", "96000")
        own = world.send(ALICE, "SELL", "0.1", "96001")

        taker = world.send(ALICE, "BUY", "0.3", "96001", stp=stp)

        assert world.last(other.order_id).size_open == 0, "before it met itself it traded"
        assert (taker.cancel_reason, taker.size_open) == (taker_reason, 20_000_000)
        assert world.last(own.order_id).cancel_reason == maker_reason
        assert len(world.fills(ALICE)) == 1

    def test_one_command_is_one_delta_and_the_trades_carry_its_number(self, world: World) -> None:
        world.send(BOB, "SELL", "0.1", "96000")
        world.send(BOB, "SELL", "0.1", "96001")
        world.send(ALICE, "BUY", "0.3", "96001")

        assert [e.seq for e in world.deltas()] == [1, 2, 3]
        assert world.deltas()[-1].asks == [(96_000 * E8, 0), (96_001 * E8, 0)]
        assert [t.seq for t in world.told(TradeEvent)] == [3, 3]
        assert world.told(BboEvent)[-1].ask_price is None
        assert world.exchange.book_snapshot(BTC).seq == 3


class TestReduceOnly:
    @pytest.fixture
    def long(self, world: World) -> World:
        """Alice is long 0.2."""
        world.send(BOB, "SELL", "0.2", "96000")
        world.send(ALICE, "BUY", "0.2")
        return world

    def test_may_close_the_position(self, long: World) -> None:
        long.send(BOB, "BUY", "1", "95900")

        order = long.send(ALICE, "SELL", "0.2", flags=("REDUCE_ONLY",))

        assert (order.cancel_reason, order.size_open) == ("", 0)
        assert long.size(ALICE) == 0
        assert long.told(PositionEvent, ALICE)[-1].status == "CLOSED"

    def test_may_not_exceed_it_with_all_such_orders_together(self, long: World) -> None:
        first = long.send(ALICE, "SELL", "0.15", "97000", flags=("REDUCE_ONLY",))
        second = long.send(ALICE, "SELL", "0.1", "97000", flags=("REDUCE_ONLY",))

        assert first.status == "OPEN"
        assert second.cancel_reason == "REDUCE_ONLY_WILL_INCREASE"

    def test_is_cancelled_newest_first_when_the_position_shrinks(self, long: World) -> None:
        older = long.send(ALICE, "SELL", "0.1", "97000", flags=("REDUCE_ONLY",))
        newer = long.send(ALICE, "SELL", "0.1", "96500", flags=("REDUCE_ONLY",))
        long.send(BOB, "BUY", "0.1", "95900")

        long.send(ALICE, "SELL", "0.1")

        assert long.last(newer.order_id).cancel_reason == "REDUCE_ONLY_WILL_INCREASE"
        assert long.last(older.order_id).status == "OPEN"

    def test_is_not_filled_by_the_command_that_took_the_position(self, long: World) -> None:
        long.send(ALICE, "SELL", "0.2", "96100")
        reducing = long.send(ALICE, "SELL", "0.2", "96200", flags=("REDUCE_ONLY",))

        long.send(BOB, "BUY", "0.4", "96200")

        assert long.size(ALICE) == 0
        assert long.last(reducing.order_id).cancel_reason == "REDUCE_ONLY_WILL_INCREASE"

    def test_may_be_smaller_than_the_minimum_if_it_closes_all(self, world: World) -> None:
        world.send(BOB, "SELL", "0.2", "96000")
        world.send(ALICE, "BUY", "0.2")
        world.send(BOB, "BUY", "1", "95900")
        world.send(ALICE, "SELL", "0.19996")

        assert world.send(ALICE, "SELL", "0.00004").cancel_reason == "ORDER_SIZE_BELOW_MIN"
        last = world.send(ALICE, "SELL", "0.00004", flags=("REDUCE_ONLY",))
        assert (last.cancel_reason, world.size(ALICE)) == ("", 0)


class TestCancelling:
    def test_only_queues(self, world: World) -> None:
        order = world.send(ALICE, "BUY", "0.1", "95000", client_id="mine")

        world.exchange.cancel_by_client_id(ALICE, "mine", BTC)

        assert world.last(order.order_id).status == "OPEN"
        world.exchange.process()
        closed = world.last(order.order_id)
        assert (closed.status, closed.cancel_reason) == ("CLOSED", "USER_CANCELED")
        assert world.exchange.bbo(BTC).bid_price is None

    def test_comes_too_late_for_an_order_that_filled_in_the_queue(self, world: World) -> None:
        order = world.send(ALICE, "BUY", "0.1", "95000")
        world.exchange.submit(BOB, world.order("SELL", "0.1"))
        world.exchange.cancel(ALICE, order.order_id)
        world.exchange.process()

        closed = world.last(order.order_id)
        assert (closed.cancel_reason, closed.size_open) == ("", 0)

    @pytest.mark.parametrize(
        ("code", "cancel"),
        [
            ("ORDER_ID_NOT_FOUND", lambda w, o: w.exchange.cancel(ALICE, "1")),
            ("ORDER_ID_NOT_FOUND", lambda w, o: w.exchange.cancel(BOB, o.order_id)),
            ("ORDER_IS_CLOSED", lambda w, o: w.exchange.cancel(ALICE, o.order_id)),
            ("CLIENT_ORDER_ID_NOT_FOUND", lambda w, o: w.exchange.cancel_by_client_id(ALICE, "?")),
            ("ORDER_IS_CLOSED", lambda w, o: w.exchange.cancel_by_client_id(ALICE, "mine")),
            (
                "CLIENT_ORDER_ID_NOT_FOUND",
                lambda w, o: w.exchange.cancel_by_client_id(ALICE, "mine", "ETH-USD-PERP"),
            ),
            ("MARKET_NOT_FOUND", lambda w, o: w.exchange.cancel_all(ALICE, "NO-SUCH-PERP")),
            ("BATCH_SIZE_OUT_OF_RANGE", lambda w, o: w.exchange.cancel_batch(ALICE)),
        ],
    )
    def test_what_is_not_there_or_closed_is_refused(
        self, world: World, code: str, cancel: Callable[[World, object], object]
    ) -> None:
        order = world.send(ALICE, "BUY", "0.1", "95000", client_id="mine")
        world.exchange.cancel(ALICE, order.order_id)
        world.exchange.process()

        with pytest.raises(OrderRefused) as refused:
            cancel(world, order)
        assert refused.value.code == code

    def test_all_of_one_market_or_of_all(self, world: World) -> None:
        for market, price in ((BTC, "95000"), (BTC, "94000"), ("ETH-USD-PERP", "3300")):
            world.send(ALICE, "BUY", "0.1", price, market=market)

        assert world.exchange.cancel_all(ALICE, BTC) == 2
        world.exchange.process()
        assert [o.market for o in world.exchange.open_orders(ALICE)] == ["ETH-USD-PERP"]
        assert world.exchange.cancel_all(ALICE) == 1

    def test_a_batch_says_for_each_order_what_became_of_it(self, world: World) -> None:
        open_order = world.send(ALICE, "BUY", "0.1", "95000", client_id="a")
        closed = world.send(ALICE, "BUY", "0.1", "95000", instruction="IOC", client_id="b")

        outcomes = world.exchange.cancel_batch(
            ALICE, [str(open_order.order_id), str(closed.order_id), "7"], ["nobody's"]
        )

        assert [o.status for o in outcomes] == [
            "QUEUED_FOR_CANCELLATION",
            "ALREADY_CLOSED",
            "NOT_FOUND",
            "NOT_FOUND",
        ]


class TestBatch:
    def test_one_refusal_does_not_touch_the_others(self, world: World) -> None:
        results = world.exchange.submit_batch(
            ALICE,
            [world.order("BUY", "0.1", "95000"), world.order("BUY", "0", "95000")],
        )

        taken, refused = results
        assert isinstance(refused, OrderRefused)
        assert refused.code == "INVALID_ORDER_SIZE"
        assert not isinstance(taken, OrderRefused)
        world.exchange.process()
        assert world.last(taken.order_id).status == "OPEN"

    @pytest.mark.parametrize("count", [0, 11])
    def test_holds_1_to_10(self, world: World, count: int) -> None:
        with pytest.raises(OrderRefused, match="BATCH_SIZE_OUT_OF_RANGE"):
            world.exchange.submit_batch(ALICE, [world.order("BUY", "0.1", "95000")] * count)


def test_private_events_name_their_account_and_public_ones_nobody(world: World) -> None:
    world.send(BOB, "SELL", "0.1", "96000")
    world.send(ALICE, "BUY", "0.1")

    for event, address in world.events:
        assert address == getattr(event, "account", None)
    assert world.told(AccountEvent, ALICE)
    assert world.told(TradeEvent)
