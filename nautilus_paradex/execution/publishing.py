"""The venue's own data, of account and system, published for whoever subscribes to its type.

An execution client has no way of its own to publish data: it goes the way that data clients' data
go, through the platform's data engine, so that ``subscribe_data`` of an actor finds it.
"""

from collections import OrderedDict
from typing import Final

from nautilus_trader.common.component import MessageBus
from nautilus_trader.model.data import CustomData, DataType

from nautilus_paradex.data_types import ParadexData

__all__ = ["OncePublisher", "publish"]

_ENDPOINT: Final = "DataEngine.process"
_MAX_REMEMBERED: Final = 10_000


def publish(msgbus: MessageBus, data: ParadexData) -> None:
    """Publish `data` to whoever subscribed to its type."""
    msgbus.send(endpoint=_ENDPOINT, msg=CustomData(DataType(type(data)), data))


class OncePublisher:
    """
    Publishes every record once, however often the venue tells of it.

    Parameters
    ----------
    msgbus : MessageBus
        The platform's message bus.

    """

    def __init__(self, msgbus: MessageBus) -> None:
        self._msgbus = msgbus
        self._told: OrderedDict[str, None] = OrderedDict()

    def publish(self, key: str, data: ParadexData) -> bool:
        """
        Publish `data` unless something was published under `key` before; returns whether it was.

        The last 10,000 keys are remembered.
        """
        if key in self._told:
            return False
        publish(self._msgbus, data)
        self._told[key] = None
        if len(self._told) > _MAX_REMEMBERED:
            self._told.popitem(last=False)
        return True
