"""Lives of single orders: what the client is asked for, and what the venue does in between.

Not a test module. A story is told twice: at a devnet by another screen of the same account, where
it is taken down (`recorded_venue`), and by the client's own commands when that is played back. Its
steps stand in the venue's order; a command that crosses another step was given before that.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from nautilus_trader.model.enums import OrderSide, OrderStatus, TimeInForce
from nautilus_trader.model.identifiers import ClientOrderId
from nautilus_trader.model.orders import Order

from nautilus_paradex.protocol import rest
from nautilus_paradex.protocol.enums import ErrorCode
from nautilus_paradex.transport.errors import VenueError
from tests.integration.execution_world import Trader, World

__all__ = ["CLIENT_ID", "STORIES", "Deed", "Scene", "Story", "order_of"]

CLIENT_ID: Final = "O-1"
SIZE: Final = "0.01000"
LEVEL: Final = "0"  # how far a price is from the mark price


def order_of(world: World) -> Order:
    """Return the client's order of a story."""
    return world.cache.order(ClientOrderId(CLIENT_ID))


@dataclass(slots=True)
class Scene:
    """Where a story is taken down: the account's other screen, and who trades with it."""

    world: World
    screen: Trader
    placed: rest.Order | None = None


class Deed(Protocol):
    """One step of a story; `method` is that of its request, None where the client has no part."""

    method: str | None

    async def at_venue(self, scene: Scene) -> None:
        """Do it, by the account's other screen or by the counterparty."""
        ...

    def ask(self, world: World) -> None:
        """Have the client ask for it."""
        ...


@dataclass(frozen=True, slots=True)
class Submit:
    """The order comes, with the venue's GTC, IOC or POST_ONLY."""

    instruction: str = "GTC"
    method: str | None = "POST"

    async def at_venue(self, scene: Scene) -> None:
        scene.placed = await scene.screen.place(
            "BUY",
            SIZE,
            scene.world.around(LEVEL),
            instruction=self.instruction,
            client_id=CLIENT_ID,
        )

    def ask(self, world: World) -> None:
        order = world.limit(
            OrderSide.BUY,
            SIZE,
            world.around(LEVEL),
            client_order_id=ClientOrderId(CLIENT_ID),
            time_in_force=TimeInForce.IOC if self.instruction == "IOC" else TimeInForce.GTC,
            post_only=self.instruction == "POST_ONLY",
        )
        world.submit(order)


@dataclass(frozen=True, slots=True)
class Trade:
    """The counterparty sells to the order."""

    size: str
    method: str | None = None

    async def at_venue(self, scene: Scene) -> None:
        price = scene.world.around(LEVEL)
        await scene.world.counterparty.place("SELL", self.size, price, instruction="IOC")

    def ask(self, world: World) -> None:
        raise AssertionError("a client has no part in what others trade")


@dataclass(frozen=True, slots=True)
class Change:
    size: str
    method: str | None = "PUT"

    async def at_venue(self, scene: Scene) -> None:
        assert scene.placed is not None
        try:
            await scene.screen.change(scene.placed, size=self.size)
        except VenueError as refusal:
            if refusal.code != ErrorCode.ORDER_IS_CLOSED:
                raise

    def ask(self, world: World) -> None:
        world.modify(order_of(world), size=self.size)


@dataclass(frozen=True, slots=True)
class Cancel:
    method: str | None = "DELETE"

    async def at_venue(self, scene: Scene) -> None:
        assert scene.placed is not None
        try:
            await scene.screen.http.cancel_order(scene.placed.id)
        except VenueError as refusal:
            if refusal.code != ErrorCode.ORDER_IS_CLOSED:
                raise

    def ask(self, world: World) -> None:
        world.cancel(order_of(world))


@dataclass(frozen=True, slots=True)
class Story:
    """
    The life of one order to buy.

    Parameters
    ----------
    deeds : sequence of Deed
        What happens, in the venue's order.
    ending : OrderStatus
        How the platform's order stands in the end.
    offered : sequence of tuple
        Size and level (see `LEVEL`) of what somebody offers before it comes.
    asked : sequence of int, optional
        The commands in the order in which the strategy gives them, if not the venue's.
    is_new_apart : bool, default False
        If the update NEW, which says what the reply says too, comes by itself; otherwise it comes
        just before the one that follows it.

    """

    deeds: Sequence[Deed]
    ending: OrderStatus
    offered: Sequence[tuple[str, str]] = ()
    asked: Sequence[int] | None = None
    is_new_apart: bool = False


PARTLY, CANCELED = OrderStatus.PARTIALLY_FILLED, OrderStatus.CANCELED
FILLED, REJECTED = OrderStatus.FILLED, OrderStatus.REJECTED
FIRST: Final = Trade("0.00400")

STORIES: Final[dict[str, Story]] = {
    "a_whole_life": Story(
        [Submit(), FIRST, Change("0.02000"), Trade("0.00300"), Cancel()], CANCELED
    ),
    "filled_and_cancelled": Story([Submit(), FIRST, Cancel()], CANCELED),
    "filled_and_enlarged": Story([Submit(), FIRST, Change("0.02000")], PARTLY),
    "filled_and_cut_down": Story([Submit(), FIRST, Change("0.00500")], PARTLY),
    "a_change_is_refused": Story([Submit(), FIRST, Change("0.00400")], PARTLY),
    "enlarged_and_filled": Story([Submit(), Change("0.02000"), Trade("0.02000")], FILLED),
    "enlarged_and_filled_to_the_old_size": Story(
        [Submit(), Change("0.02000"), Trade("0.01000")], PARTLY
    ),
    "a_cancel_crosses_a_fill": Story([Submit(), Trade("0.01000"), Cancel()], FILLED),
    "a_cancel_crosses_a_second_fill": Story([Submit(), FIRST, Trade("0.00600"), Cancel()], FILLED),
    "a_change_crosses_a_fill": Story([Submit(), Trade("0.01000"), Change("0.02000")], FILLED),
    "a_cancel_overtakes_a_change": Story(
        [Submit(), Cancel(), Change("0.02000")], CANCELED, asked=(0, 2, 1)
    ),
    "an_ioc_fills_partly": Story(
        [Submit("IOC")], CANCELED, offered=[("0.00400", "0")], is_new_apart=True
    ),
    "an_ioc_fills_in_two": Story(
        [Submit("IOC")],
        FILLED,
        offered=[("0.00400", "-0.0005"), ("0.00600", "0")],
        is_new_apart=True,
    ),
    "a_post_only_is_rejected": Story(
        [Submit("POST_ONLY")], REJECTED, offered=[("0.00400", "0")], is_new_apart=True
    ),
}
"""By name; a cancel or change that crosses something finds the order closed."""
