"""Cases E88 and E89: a commission that cannot be told is no commission of zero."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import httpx
import msgspec
import pytest
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.enums import OrderSide, OrderStatus
from nautilus_trader.model.identifiers import ClientId

from nautilus_paradex import PARADEX, ParadexExecutionClient
from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.protocol.events import FillEvent
from nautilus_paradex.protocol.json_feed import Message
from tests.integration.nautilus.harness import BTC, exec_tester, node_fills, running_node
from tests.support import eventually


def client_of(node: TradingNode) -> ParadexExecutionClient:
    return node.kernel.exec_engine._clients[ClientId(PARADEX)]


async def ask_for(venue, **fault: Any) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        reply = await http.post(f"{venue.server.root_url}/devnet/faults", json=fault)
    reply.raise_for_status()


@asynccontextmanager
async def fees_over_rest(venue, fee: str | None) -> AsyncIterator[None]:
    """Have the venue list its fills with another fee."""
    page = await venue.http.fills()
    fills = [msgspec.structs.replace(fill, fee=fee) for fill in page.results]
    body = msgspec.json.encode(msgspec.structs.replace(page, results=fills)).decode()
    await ask_for(
        venue,
        kind="http_status",
        path="/v1/fills",
        method="GET",
        status=200,
        body=body,
        times=200,
    )
    yield
    await ask_for(venue, kind="clear")


BAD_FEES = pytest.mark.parametrize("fee", [None, "", "100000000000000000000", "free"])


@BAD_FEES
async def test_tc_e88_rest_reconciliation_fails_closed_without_a_commission(venue, fee):
    async with running_node(venue) as node:
        engine, client = node.kernel.exec_engine, client_of(node)
        # Only REST can tell of this order.
        take = client._stream.take
        client._stream.take = lambda message: None
        await venue.place("elsewhere", "BUY", "0.02")
        await venue.until_status("elsewhere", "CLOSED")

        async with fees_over_rest(venue, fee):
            with pytest.raises(ParadexError):
                await client.generate_mass_status()
            assert not await engine.reconcile_execution_state()
            assert node.cache.orders() == []
            assert node.portfolio.is_flat(BTC)

        client._stream.take = take
        assert await engine.reconcile_execution_state()
        assert node_fills(node) == venue.fills
        assert node.portfolio.net_position(BTC) == Decimal("0.02")


@pytest.mark.parametrize("fee", [None, 10**30])
@pytest.mark.parametrize("is_repeated", [True, False], ids=["repeated", "fetched"])
async def test_tc_e89_ws_fill_without_a_commission_counts_when_it_is_known(venue, fee, is_repeated):
    tester = exec_tester(close_positions_on_stop=False, cancel_orders_on_stop=False)
    broken: list[Message] = []
    async with running_node(venue, tester) as node:
        stream = client_of(node)._stream
        take = stream.take

        def take_broken(message: Message) -> None:
            if not isinstance(message, FillEvent) or broken:
                take(message)
                return
            broken.append(message)
            try:
                take(msgspec.structs.replace(message, fee=fee))
            finally:
                assert node_fills(node) == []
                if is_repeated:
                    take(message)

        stream.take = take_broken
        order = tester.order_factory.limit(
            instrument_id=BTC,
            order_side=OrderSide.BUY,
            quantity=tester.instrument.make_qty(Decimal("0.01")),
            price=tester.instrument.make_price(Decimal("96000")),
        )
        tester.submit_order(order)
        await eventually(lambda: order.is_open)
        venue.take("SELL", "0.01")
        await eventually(lambda: order.status == OrderStatus.FILLED)

        assert len(broken) == 1
        assert sum(stream.malformed.values()) == 1
        assert node_fills(node) == venue.fills
