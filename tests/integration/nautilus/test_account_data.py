"""The account's own data in a node: actors that subscribe to a type get what the venue tells."""

from decimal import Decimal
from typing import Any

from nautilus_trader.common.actor import Actor
from nautilus_trader.model.data import DataType

from nautilus_paradex.data_types import ParadexFundingPayment, ParadexTradeBust
from tests.integration.nautilus.harness import BTC, running_node
from tests.support import eventually


class Witness(Actor):
    """Subscribes to both types, as an actor of a user would."""

    def __init__(self) -> None:
        super().__init__()
        self.received: list[Any] = []

    def on_start(self) -> None:
        self.subscribe_data(DataType(ParadexFundingPayment))
        self.subscribe_data(DataType(ParadexTradeBust))

    def on_data(self, data: Any) -> None:
        self.received.append(data)

    def of(self, kind: type) -> list[Any]:
        return [data for data in self.received if isinstance(data, kind)]


async def bought(venue, client_id: str) -> None:
    await venue.place(client_id, "BUY", "0.5")
    await venue.until_status(client_id, "CLOSED")


async def test_actors_get_funding_payments_and_busts(venue):
    witness = Witness()
    async with running_node(venue, witness) as node:
        await bought(venue, "first")
        exchange, address = venue.server.exchange, venue.server.accounts[0].address_hex
        await eventually(lambda: bool(exchange.positions(address)[0].unrealized_funding_pnl))
        await bought(venue, "second")
        await eventually(lambda: witness.of(ParadexFundingPayment))
        await eventually(lambda: node.portfolio.net_position(BTC) == Decimal(1))
        last = venue.fills[-1][0]
        exchange.interventions.bust(last)
        await eventually(lambda: node.portfolio.net_position(BTC) == Decimal("0.5"))

        (payment,) = venue.account["funding_payments"][:1]
        assert witness.of(ParadexFundingPayment)[0].payment == Decimal(payment["payment"])
        assert witness.of(ParadexFundingPayment)[0].instrument_id == BTC
        assert [bust.fill_id for bust in witness.of(ParadexTradeBust)] == [last]
