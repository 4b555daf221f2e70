"""A small venue with a clock that stands still, and a record of all it says."""

from decimal import Decimal

from nautilus_paradex.devnet.engine.exchange import Exchange
from nautilus_paradex.devnet.engine.markets import default_markets
from nautilus_paradex.devnet.engine.model import EngineEvent, NewOrder
from nautilus_paradex.protocol.events import BookEvent, FillEvent, OrderEvent
from nautilus_paradex.protocol.numbers import E8, to_e8

__all__ = ["ALICE", "BOB", "BTC", "CAROL", "START_US", "World"]

BTC = "BTC-USD-PERP"
START_US = 1_764_000_000_000_000
ALICE, BOB, CAROL = "0xa11ce", "0xb0b", "0xca801"


class World:
    """An `Exchange` with three accounts of 100,000 USDC, and short ways to use it."""

    def __init__(self, *, past_hours: int = 0, balance: int = 100_000) -> None:
        self.now_us = START_US
        self.exchange = Exchange(
            default_markets(START_US), now_us=lambda: self.now_us, past_hours=past_hours
        )
        self.events: list[tuple[EngineEvent, str | None]] = []
        self.exchange.listener = lambda event, account: self.events.append((event, account))
        for key, address in enumerate((ALICE, BOB, CAROL), start=1):
            self.exchange.open_account(address, key, balance * E8, tokens={"DIME": 10_000 * E8})

    def order(
        self, side: str, size: str, price: str | None = None, /, **fields: object
    ) -> NewOrder:
        return NewOrder(
            **{
                "market": BTC,
                "side": side,
                "order_type": "MARKET" if price is None else "LIMIT",
                "size_e8": to_e8(size),
                "price_e8": to_e8(price),
                **fields,
            }
        )

    def send(
        self, account: str, side: str, size: str, price: str | None = None, /, **fields: object
    ) -> OrderEvent:
        """Submit an order, let it be executed, and return it as last told."""
        taken = self.exchange.submit(account, self.order(side, size, price, **fields))
        self.exchange.process()
        return self.last(taken.order_id)

    def last(self, order_id: str | None) -> OrderEvent:
        """Return the last event of an order."""
        return self.story(order_id)[-1]

    def story(self, order_id: str | None) -> list[OrderEvent]:
        """Return all events of an order."""
        return [e for e in self.told(OrderEvent) if e.order_id == order_id]

    def told[T](self, kind: type[T], account: str | None = None) -> list[T]:
        """Return the events of a kind, of one account if given."""
        return [
            event
            for event, address in self.events
            if isinstance(event, kind) and account in (None, address)
        ]

    def fills(self, account: str) -> list[FillEvent]:
        return self.told(FillEvent, account)

    def deltas(self, market: str = BTC) -> list[BookEvent]:
        return [e for e in self.told(BookEvent) if e.market == market]

    def later(self, secs: float) -> None:
        """Let time pass and the venue notice."""
        self.now_us += round(secs * 1_000_000)
        self.exchange.tick()
        self.exchange.process()

    def size(self, account: str, market: str = BTC) -> int:
        return self.exchange.position_size_e8(account, market)

    def usdc(self, account: str) -> Decimal:
        accounts = self.exchange.ledger()["accounts"]
        return Decimal(accounts[account]["balances"]["USDC"])  # type: ignore[index]
