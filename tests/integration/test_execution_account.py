"""The account told on request."""

from decimal import Decimal

from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import QueryAccount
from nautilus_trader.model.currencies import USDC

from tests.integration.execution_world import TRADER_ID, World, open_world
from tests.support import eventually


def query(world: World) -> None:
    world.engine.execute(
        QueryAccount(
            trader_id=TRADER_ID,
            account_id=world.client.account_id,
            command_id=UUID4(),
            ts_init=world.clock.timestamp_ns(),
        ),
    )


def states(world: World) -> int:
    count: int = world.cache.account(world.client.account_id).event_count
    return count


async def test_a_query_of_the_account_is_answered_with_its_state() -> None:
    async with open_world() as world:
        before = states(world)
        query(world)
        await eventually(lambda: states(world) > before)
        account = world.cache.account(world.client.account_id)
        assert account.balance_total(USDC).as_decimal() == Decimal(100_000)
        assert account.last_event.is_reported


async def test_a_query_that_the_venue_does_not_answer_leaves_the_account_as_it_was() -> None:
    async with open_world() as world:
        before = states(world)
        await world.fault(kind="http_status", path="/v1/account", status=503)
        query(world)
        query(world)
        await eventually(lambda: states(world) == before + 1)
