"""Spot orders in a node: the venue moves tokens, the platform keeps what was traded as a position.

Beyond the platform's specifications, which have no cases for spot on a margin account.
"""

from decimal import Decimal

import httpx
import pytest
from nautilus_trader.model.enums import OrderSide, OrderStatus, OrderType, PositionSide
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.objects import Currency

from nautilus_paradex import PARADEX_VENUE
from tests.integration.nautilus.harness import event_names, exec_tester, node_fills, running_node
from tests.support import eventually

SYMBOL = "DIME-USD"
SPOT = InstrumentId.from_str(f"{SYMBOL}.PARADEX")
BUY, SELL = OrderSide.BUY, OrderSide.SELL


@pytest.fixture
async def quoted(venue):
    """Give both sides tokens to sell, and quote the pair around its mark price of 0.12."""
    async with httpx.AsyncClient(trust_env=False) as http:
        for account in venue.server.accounts[:2]:
            reply = await http.post(
                f"{venue.server.root_url}/devnet/acts",
                json={
                    "kind": "deposit",
                    "account": account.address_hex,
                    "token": "DIME",
                    "amount": "1000.05",
                },
            )
            reply.raise_for_status()
    venue.quote("0.119", "0.121", size="500", market=SYMBOL)
    return venue


def spot_tester():
    return exec_tester(
        instrument_id=SPOT,
        order_qty=Decimal(100),
        close_positions_on_stop=False,
    )


def trade(tester, side, size="100"):
    order = tester.order_factory.market(
        instrument_id=SPOT,
        order_side=side,
        quantity=tester.instrument.make_qty(Decimal(size)),
    )
    tester.submit_order(order)
    return order


def dime_of(node):
    return node.portfolio.account(PARADEX_VENUE).balance_total(Currency.from_str("DIME"))


async def test_a_purchase_moves_tokens_and_makes_a_position(quoted):
    tester = spot_tester()
    async with running_node(quoted, tester, load_ids=[SPOT]) as node:
        order = trade(tester, BUY)
        await eventually(lambda: order.status == OrderStatus.FILLED)

        assert event_names(order)[1:] == ["OrderSubmitted", "OrderAccepted", "OrderFilled"]
        assert node_fills(node) == quoted.fills
        await eventually(lambda: node.cache.positions_open(instrument_id=SPOT))
        (position,) = node.cache.positions_open()
        assert position.signed_decimal_qty() == 100
        assert quoted.account["balances"]["DIME"] == "1100.05"
        await eventually(lambda: dime_of(node).as_decimal() == Decimal("1100.05"))
        assert quoted.position_in(SYMBOL) is None


async def test_a_position_is_what_was_traded_also_after_a_restart(quoted):
    tester = spot_tester()
    async with running_node(quoted, tester, load_ids=[SPOT]):
        bought, sold = trade(tester, BUY), trade(tester, SELL, "300")
        await eventually(lambda: bought.is_closed and sold.is_closed)
    async with running_node(quoted, load_ids=[SPOT]) as node:
        await eventually(lambda: node.cache.positions_open())
        (position,) = node.cache.positions_open()

        assert position.signed_decimal_qty() == -200
        assert node_fills(node) == quoted.fills


async def test_a_position_is_the_balance_where_configured(quoted):
    tester = spot_tester()
    async with running_node(quoted, tester, load_ids=[SPOT]):
        order = trade(tester, BUY)
        await eventually(lambda: order.is_closed)
    settings = {"use_spot_position_reports": True}
    async with running_node(quoted, load_ids=[SPOT], **settings) as node:
        await eventually(lambda: node.cache.positions_open())
        net = sum(position.signed_decimal_qty() for position in node.cache.positions_open())

        # 1100.05 in tokens, of which 1100.0 can be ordered.
        assert net == 1100
        assert {p.side for p in node.cache.positions_open()} == {PositionSide.LONG}


async def test_what_spot_has_not_is_denied(quoted):
    tester = exec_tester(
        instrument_id=SPOT,
        order_qty=Decimal(100),
        enable_stop_buys=True,
        stop_order_type=OrderType.STOP_MARKET,
    )
    async with running_node(quoted, tester, load_ids=[SPOT]):
        await eventually(lambda: tester.order_events and tester.order.is_closed)

        assert tester.order_events[-1].reason == (
            "UNSUPPORTED_ORDER_TYPE: order_type=STOP_MARKET class=SPOT"
        )
        assert quoted.orders == {}
