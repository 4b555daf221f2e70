"""Private messages are kept while the platform takes over the account, and then let through."""

import asyncio
from collections.abc import Callable
from typing import Final

import pytest
from nautilus_trader.common.component import Logger, MessageBus, TestClock
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.reports import ExecutionMassStatus
from nautilus_trader.model.identifiers import AccountId, ClientId, TraderId, Venue

from nautilus_paradex.execution import takeover as takeover_module
from nautilus_paradex.execution.errors import ReadingTimeoutError
from nautilus_paradex.execution.takeover import Takeover
from nautilus_paradex.protocol.errors import MessageError
from nautilus_paradex.protocol.events import FillEvent, OrderEvent
from nautilus_paradex.protocol.json_feed import Message
from tests.support import eventually

TOPIC: Final = "reports.execution.PARADEX"
FILL = FillEvent(fill_id="1", order_id="7")


def order(status: str, order_id: str = "7") -> OrderEvent:
    return OrderEvent(order_id=order_id, status=status)


def mass_status(client: str = "PARADEX") -> ExecutionMassStatus:
    return ExecutionMassStatus(
        ClientId(client), AccountId(f"{client}-master"), Venue("PARADEX"), UUID4(), 0
    )


class Platform:
    """A message bus, what was let through, and how often the account was taken over."""

    def __init__(self) -> None:
        self.msgbus = MessageBus(TraderId("TESTER-001"), TestClock())
        self.told: list[Message] = []
        self.times = 0
        self.takeover = Takeover(
            self.msgbus, ClientId("PARADEX"), Logger("TEST"), self.told.append, self._count
        )

    def _count(self) -> None:
        self.times += 1

    def publish(self, report: object) -> None:
        self.msgbus.publish(TOPIC, report)


@pytest.fixture
def platform() -> Platform:
    return Platform()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    return lambda name: monkeypatch.setattr(takeover_module, name, 0.01)


def test_nothing_is_kept_before(platform: Platform) -> None:
    assert not platform.takeover.keep(FILL)


async def test_messages_are_kept_until_the_engine_has_spoken_twice(platform: Platform) -> None:
    async with platform.takeover.reading():
        assert platform.takeover.keep(order("OPEN"))
    assert platform.takeover.keep(FILL)
    assert platform.takeover.held_fills == [FILL]
    platform.publish(mass_status())
    assert platform.takeover.is_under_way
    platform.publish(mass_status())
    await platform.takeover.until_over()
    assert platform.told == [order("OPEN"), FILL]
    assert platform.times == 1
    assert not platform.takeover.keep(FILL)


async def test_an_engine_that_speaks_once_is_not_waited_for_any_longer(
    platform: Platform, quick: Callable[[str], None]
) -> None:
    quick("_LAST_WORD_STEP_SECS")
    async with platform.takeover.reading():
        platform.takeover.keep(FILL)
    platform.publish(mass_status())
    await platform.takeover.until_over()
    assert platform.told == [FILL]
    assert platform.times == 1


async def test_a_mass_status_of_another_client_is_not_this_one(
    platform: Platform, quick: Callable[[str], None]
) -> None:
    quick("_LAST_WORD_STEP_SECS")
    async with platform.takeover.reading():
        platform.takeover.keep(FILL)
    platform.publish(mass_status("OTHER"))
    platform.publish("no mass status at all")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await platform.takeover.until_over()
    platform.takeover.end()


async def test_a_reading_that_fails_keeps_nothing_back(platform: Platform) -> None:
    async def read() -> None:
        async with platform.takeover.reading():
            platform.takeover.keep(FILL)
            raise MessageError("the venue cannot be asked")

    with pytest.raises(MessageError):
        await read()
    assert platform.told == [FILL]
    assert platform.times == 0


async def test_an_engine_that_never_takes_over_does_not_stop_the_news(
    platform: Platform, quick: Callable[[str], None]
) -> None:
    quick("_LIMIT_SECS")
    async with platform.takeover.reading():
        platform.takeover.keep(FILL)
    await platform.takeover.until_over()
    assert platform.told == [FILL]
    assert platform.times == 0
    platform.publish(mass_status())
    await eventually(lambda: platform.times == 1)


async def test_an_order_that_is_reported_closed_is_not_said_to_be_open_afterwards(
    platform: Platform,
) -> None:
    async with platform.takeover.reading():
        for message in (order("OPEN"), order("OPEN", "8"), order("CLOSED")):
            platform.takeover.keep(message)
        platform.takeover.expect([order("CLOSED"), order("OPEN", "8")])
    platform.takeover.end()
    assert platform.told == [order("OPEN", "8"), order("CLOSED")]


async def started(platform: Platform) -> None:
    """A platform that has taken the account over once, and trades."""
    async with platform.takeover.reading():
        pass
    platform.publish(mass_status())
    platform.publish(mass_status())
    await platform.takeover.until_over()


async def read_for(platform: Platform, secs: float) -> None:
    async with platform.takeover.reading():
        platform.takeover.keep(FILL)
        await asyncio.sleep(secs)


async def test_a_node_that_trades_does_not_wait_for_a_long_reading(
    platform: Platform, quick: Callable[[str], None]
) -> None:
    quick("_LATER_READING_SECS")
    await started(platform)
    with pytest.raises(ReadingTimeoutError, match=r"within 0\.01 s"):
        await read_for(platform, secs=60)
    assert platform.told == [FILL]


async def test_a_node_that_trades_does_not_wait_long_for_an_engine_that_takes_nothing_over(
    platform: Platform, quick: Callable[[str], None]
) -> None:
    quick("_LATER_LIMIT_SECS")
    await started(platform)
    await read_for(platform, secs=0)
    await platform.takeover.until_over()
    assert platform.told == [FILL]


@pytest.mark.parametrize("is_second_start", [False, True])
async def test_the_reading_of_a_start_takes_the_time_that_it_takes(
    platform: Platform, quick: Callable[[str], None], is_second_start: bool
) -> None:
    quick("_LATER_READING_SECS")
    if is_second_start:
        await started(platform)
        platform.takeover.end()
    await read_for(platform, secs=0.05)
    assert platform.takeover.is_under_way
    platform.takeover.end()


async def test_a_time_out_of_the_reading_itself_stays_one(platform: Platform) -> None:
    async def read() -> None:
        async with platform.takeover.reading():
            raise TimeoutError("no answer")

    await started(platform)
    with pytest.raises(TimeoutError, match="no answer"):
        await read()
