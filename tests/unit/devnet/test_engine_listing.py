"""Markets that are listed, changed, settled and delisted, and the states of the system."""

import msgspec
import pytest
from engine_world import ALICE, BOB, BTC, CAROL, World

from nautilus_paradex.devnet.engine.markets import MarketSpec
from nautilus_paradex.devnet.engine.model import MarketNotice, ModifyOrder, OrderRefused
from nautilus_paradex.protocol.enums import SystemStatus
from nautilus_paradex.protocol.events import BookEvent, FillEvent, PositionEvent
from nautilus_paradex.protocol.numbers import E8, to_e8

CALL = "BTC-USD-96000-C"
NEW = "NEW-USD-PERP"


def spec(world: World, symbol: str = BTC) -> MarketSpec:
    return world.exchange.markets[symbol]


def dated(world: World) -> str:
    """Return the symbol of the default catalogue's dated future."""
    (symbol,) = (s.symbol for s in world.exchange.markets.values() if s.asset_kind == "FUTURE")
    return symbol


def total_value(world: World) -> int:
    """Return all money there is: balances less what open positions cost."""
    accounts = world.exchange.ledger()["accounts"].values()
    return sum(
        to_e8(page["balances"]["USDC"]) - sum(to_e8(p["cost"]) for p in page["positions"])
        for page in accounts
    )


class TestListing:
    def test_a_new_market_is_told_of_and_trades(self, world: World) -> None:
        wanted = msgspec.structs.replace(spec(world), symbol=NEW, base_currency="NEW")

        world.exchange.list_market(wanted)

        (notice,) = world.told(MarketNotice)
        assert (notice.market, notice.event_type, notice.after) == (NEW, "CREATED", wanted)
        assert world.exchange.markets[NEW] is wanted
        assert world.send(ALICE, "BUY", "0.1", "96000", market=NEW).status == "OPEN"
        world.later(1)
        assert world.exchange.summary(NEW).index_price == 96_000 * E8

    def test_a_new_market_has_the_index_of_its_underlying(self, world: World) -> None:
        world.exchange.set_index_price("BTC", 97_000 * E8)

        world.exchange.list_market(msgspec.structs.replace(spec(world), symbol="BTC2-USD-PERP"))

        assert world.exchange.summary("BTC2-USD-PERP").index_price == 97_000 * E8

    def test_a_symbol_is_listed_once(self, world: World) -> None:
        with pytest.raises(ValueError, match=BTC):
            world.exchange.list_market(spec(world))


class TestChange:
    def test_orders_are_held_to_the_new_increment_and_resting_ones_stay(self, world: World) -> None:
        resting = world.send(ALICE, "BUY", "0.1", "95000.1")
        coarser = msgspec.structs.replace(spec(world), price_tick_e8=E8)

        world.exchange.change_market(coarser)

        (notice,) = world.told(MarketNotice)
        assert (notice.event_type, notice.after) == ("UPDATED", coarser)
        assert notice.before.price_tick_e8 == E8 // 10
        with pytest.raises(OrderRefused, match=r"multiple of 1, was 95000\.1"):
            world.send(ALICE, "BUY", "0.1", "95000.1")
        assert world.exchange.order(ALICE, resting.order_id).status == "OPEN"

    def test_bands_follow(self, world: World) -> None:
        assert world.send(ALICE, "BUY", "0.1", "100000").status == "OPEN"

        world.exchange.change_market(
            msgspec.structs.replace(spec(world), price_bands_width_e8=E8 // 100)
        )

        refused = world.send(ALICE, "BUY", "0.1", "100000")
        assert (refused.status, refused.cancel_reason) == ("CLOSED", "EXCEEDS_MAX_SLIPPAGE")

    def test_a_market_for_quotes_on_request_takes_no_orders(self, world: World) -> None:
        world.exchange.change_market(msgspec.structs.replace(spec(world), trading_mode="RFQ_ONLY"))

        with pytest.raises(OrderRefused, match="NO_ACCESS_TO_MARKET"):
            world.send(ALICE, "BUY", "0.1", "95000")

    def test_what_is_the_same_is_not_told(self, world: World) -> None:
        world.exchange.change_market(msgspec.structs.replace(spec(world)))

        assert world.told(MarketNotice) == []

    def test_a_market_stays_the_market_it_is(self, world: World) -> None:
        with pytest.raises(ValueError, match="asset_kind is fixed at 'PERP', was 'SPOT'"):
            world.exchange.change_market(
                msgspec.structs.replace(spec(world), asset_kind="SPOT"),
            )

    def test_an_unlisted_market_cannot_be_changed(self, world: World) -> None:
        with pytest.raises(OrderRefused, match="MARKET_NOT_FOUND"):
            world.exchange.change_market(msgspec.structs.replace(spec(world), symbol=NEW))


class TestSettlement:
    def test_positions_are_closed_at_the_price_by_fills_of_their_own_type(
        self, world: World
    ) -> None:
        world.send(ALICE, "SELL", "2", "96000")
        world.send(BOB, "BUY", "2", "96000")
        before = world.usdc(ALICE), world.usdc(BOB)

        settlement = world.exchange.settle_market(BTC, 97_000 * E8)

        assert (settlement.price_e8, settlement.underlying_e8) == (97_000 * E8, 97_000 * E8)
        assert (world.usdc(ALICE), world.usdc(BOB)) == (before[0] - 2_000, before[1] + 2_000)
        for account, side, pnl in ((ALICE, "BUY", -2_000), (BOB, "SELL", 2_000)):
            fill = world.fills(account)[-1]
            assert (fill.fill_type, fill.side, fill.size) == ("SETTLE_MARKET", side, 2 * E8)
            assert (fill.price, fill.fee, fill.order_id) == (97_000 * E8, 0, "")
            assert fill.realized_pnl == pnl * E8
            told = world.told(PositionEvent, account)[-1]
            assert (told.status, told.size) == ("CLOSED", 0)
            assert world.exchange.positions(account) == []

    def test_the_market_is_gone_before_it_is_told(self, world: World) -> None:
        symbol = dated(world)
        listed = []
        world.exchange.listener = lambda event, _: listed.append(
            (event, symbol in world.exchange.markets)
        )

        settlement = world.exchange.settle_market(symbol)

        ((notice, still_listed),) = [e for e in listed if isinstance(e[0], MarketNotice)]
        assert (notice.event_type, notice.settlement) == ("SETTLED", settlement)
        assert notice.at_us == settlement.settled_at_us
        assert not still_listed
        assert world.exchange.settlement(symbol) == settlement
        with pytest.raises(OrderRefused, match="MARKET_NOT_FOUND"):
            world.send(ALICE, "BUY", "0.1", "95000", market=symbol)
        with pytest.raises(OrderRefused, match="MARKET_NOT_FOUND"):
            world.exchange.bbo(symbol)

    def test_orders_end_also_those_that_wait(self, world: World) -> None:
        resting = world.send(ALICE, "BUY", "0.1", "95000")
        waiting = world.send(
            ALICE, "SELL", "0.1", order_type="STOP_MARKET", trigger_price_e8=90_000 * E8
        )
        taken = world.exchange.submit(ALICE, world.order("BUY", "0.1", "94000"))

        world.exchange.settle_market(BTC)

        for order in (resting, waiting, taken):
            end = world.last(order.order_id)
            assert (end.status, end.cancel_reason) == ("CLOSED", "ASSET_EXPIRED")
        assert world.exchange.open_orders(ALICE) == []
        assert world.exchange.process() == 0
        with pytest.raises(OrderRefused, match="ORDER_IS_CLOSED"):
            world.exchange.cancel(ALICE, resting.order_id)

    def test_the_book_is_emptied_by_a_last_delta(self, world: World) -> None:
        world.send(ALICE, "BUY", "0.1", "95000")

        world.exchange.settle_market(BTC)

        assert world.told(BookEvent)[-1].bids == [(95_000 * E8, 0)]

    @pytest.mark.parametrize(
        ("underlying", "payoff"), [("97500.5", "1500.5"), ("96000", "0"), ("90000", "0")]
    )
    def test_an_option_pays_what_it_is_worth(
        self, world: World, underlying: str, payoff: str
    ) -> None:
        settlement = world.exchange.settle_market(CALL, to_e8(underlying))

        assert settlement.price_e8 == to_e8(payoff)
        assert settlement.underlying_e8 == to_e8(underlying)

    def test_the_price_is_the_average_of_the_last_half_hour(self, world: World) -> None:
        for price in (96_000, 96_300, 96_600):
            world.exchange.set_index_price("BTC", price * E8)
            world.later(60)

        # Four minutes: the one that began last still has the price of the one before.
        assert (
            world.exchange.settle_market(BTC).price_e8 == (96_300 + 2 * 96_600 + 96_000) * E8 // 4
        )

    def test_no_money_is_lost_in_rounding(self, world: World) -> None:
        for account, size in ((ALICE, "0.00251"), (CAROL, "0.00033")):
            world.send(account, "SELL", size, "95990.1")
        world.send(BOB, "BUY", "0.00284", "95990.1")
        before = total_value(world)

        world.exchange.settle_market(BTC, 9_599_012_345_678)

        assert {fill.fill_type for fill in world.told(FillEvent)[-3:]} == {"SETTLE_MARKET"}
        assert total_value(world) == before

    def test_dated_markets_are_settled_when_they_expire(self, world: World) -> None:
        expiring = [s.symbol for s in world.exchange.markets.values() if s.expiry_at_ms]
        expiry_us = spec(world, expiring[0]).expiry_at_ms * 1_000

        world.later((expiry_us - world.now_us) / 1e6 - 1)
        assert world.told(MarketNotice) == []
        world.later(1)

        assert {notice.market for notice in world.told(MarketNotice)} == set(expiring)
        assert not set(expiring) & set(world.exchange.markets)

    def test_a_spot_market_has_nothing_to_settle(self, world: World) -> None:
        with pytest.raises(ValueError, match="DIME-USD is a spot market"):
            world.exchange.settle_market("DIME-USD")

    def test_a_market_that_is_listed_again_is_not_settled(self, world: World) -> None:
        again = spec(world)
        world.exchange.settle_market(BTC)

        world.exchange.list_market(again)

        assert world.exchange.settlement(BTC) is None
        assert world.send(ALICE, "BUY", "0.1", "95000").status == "OPEN"


class TestDelisting:
    def test_orders_end_and_positions_are_settled_at_the_mark(self, world: World) -> None:
        world.send(ALICE, "SELL", "1", "96100")
        world.send(BOB, "BUY", "1", "96100")
        resting = world.send(ALICE, "BUY", "0.1", "95000")
        before = world.usdc(BOB)

        world.exchange.delist_market(BTC)

        (notice,) = world.told(MarketNotice)
        assert (notice.event_type, notice.settlement, notice.after) == ("DELETED", None, None)
        assert world.last(resting.order_id).cancel_reason == "ASSET_UNAVAILABLE"
        assert world.usdc(BOB) == before - 100
        assert world.exchange.settlement(BTC) is None
        world.later(10)

    def test_a_spot_market_leaves_the_tokens(self, world: World) -> None:
        world.exchange.delist_market("DIME-USD")

        assert "DIME-USD" not in world.exchange.markets
        balances = {b.token: b.size_e8 for b in world.exchange.balances(ALICE)}
        assert balances["DIME"] == 10_000 * E8


class TestSystemState:
    def test_only_known_states_can_be_set(self, world: World) -> None:
        with pytest.raises(ValueError, match="closed"):
            world.exchange.system_status = "closed"

    @pytest.mark.parametrize("status", [s for s in SystemStatus if s != SystemStatus.OK])
    def test_triggers_pause_and_go_off_afterwards(self, world: World, status: str) -> None:
        world.send(BOB, "BUY", "1", "94000")
        stop = world.send(
            ALICE, "SELL", "0.1", order_type="STOP_MARKET", trigger_price_e8=95_000 * E8
        )
        world.exchange.system_status = status

        world.exchange.set_index_price("BTC", 94_500 * E8)
        world.later(1)
        assert world.last(stop.order_id).status == "UNTRIGGERED"

        world.exchange.system_status = "ok"
        world.later(1)
        end = world.last(stop.order_id)
        assert (end.status, end.size_open) == ("CLOSED", 0)

    @pytest.mark.parametrize(
        ("status", "price", "refusal"),
        [
            ("cancel_only", "95980", "SYSTEM_STATUS_CANCEL_ONLY"),
            ("post_only", "95900", "5 bp"),
            ("post_only", "95980", None),
            ("maintenance", "95980", "SERVICE_UNAVAILABLE"),
        ],
    )
    def test_changes_of_orders_are_held_to_it(
        self, world: World, status: str, price: str, refusal: str | None
    ) -> None:
        order = world.send(ALICE, "BUY", "0.1", "95990", instruction="POST_ONLY")
        change = ModifyOrder(
            market=BTC,
            side="BUY",
            order_type="LIMIT",
            size_e8=E8 // 10,
            price_e8=to_e8(price),
        )
        world.exchange.system_status = status

        if refusal is not None:
            with pytest.raises(OrderRefused, match=refusal):
                world.exchange.modify(ALICE, order.order_id, change)
            return
        world.exchange.modify(ALICE, order.order_id, change)
        world.exchange.process()
        assert world.last(order.order_id).price == to_e8(price)

    @pytest.mark.parametrize(
        ("status", "refusal"),
        [
            ("ok", None),
            ("post_only", None),
            ("cancel_only", None),
            ("maintenance", "SERVICE_UNAVAILABLE"),
        ],
    )
    def test_cancels_are_taken_but_in_maintenance(
        self, world: World, status: str, refusal: str | None
    ) -> None:
        order = world.send(ALICE, "BUY", "0.1", "95000")
        world.exchange.system_status = status

        if refusal is None:
            world.exchange.cancel(ALICE, order.order_id)
            world.exchange.process()
            assert world.last(order.order_id).cancel_reason == "USER_CANCELED"
            return
        with pytest.raises(OrderRefused, match=refusal):
            world.exchange.cancel(ALICE, order.order_id)
