"""From a node's JSON configuration to a built `TradingNode` with its factories registered.

The platform's own loader cannot do it in 1.231: it looks for a factory's class name on an
instance, and cannot decode `trader_id`.
"""

from typing import Any

import msgspec
from nautilus_trader.common.config import resolve_path
from nautilus_trader.config import TradingNodeConfig
from nautilus_trader.live.factories import LiveDataClientFactory, LiveExecClientFactory
from nautilus_trader.live.node import TradingNode

from nautilus_paradex.cli.errors import BadInput

__all__ = ["build_node", "parse_node_config"]


def parse_node_config(raw: bytes) -> TradingNodeConfig:
    """
    Read a node's configuration.

    Raises
    ------
    BadInput
        If it is no JSON, or not the configuration of a node.

    """
    try:
        msgspec.json.decode(raw)
        return TradingNodeConfig.parse(raw)
    except msgspec.DecodeError as exc:
        raise BadInput(f"the configuration is not valid: {exc}") from exc
    except (ValueError, TypeError, AttributeError, ImportError) as exc:
        raise BadInput(f"the configuration cannot be used: {exc}") from exc


def build_node(raw: bytes, config: TradingNodeConfig) -> TradingNode:
    """
    Return a node with its clients built.

    Parameters
    ----------
    raw : bytes
        The JSON, for the factories that it names.
    config : TradingNodeConfig
        What `parse_node_config` made of it.

    Raises
    ------
    BadInput
        If a factory cannot be loaded, or a client refuses its settings.

    """
    document = msgspec.json.decode(raw)
    node = TradingNode(config=config)
    try:
        for name, factory in _factories(document, "data_clients", LiveDataClientFactory).items():
            node.add_data_client_factory(name, factory)
        for name, factory in _factories(document, "exec_clients", LiveExecClientFactory).items():
            node.add_exec_client_factory(name, factory)
        node.build()
    except (ValueError, ImportError, AttributeError) as exc:
        node.dispose()
        raise BadInput(str(exc)) from exc
    return node


def _factories(document: Any, section: str, base: type) -> dict[str, type]:
    """Return the factory class of each client of a section, by the client's name."""
    factories: dict[str, type] = {}
    for name, client in (document.get(section) or {}).items():
        path = (client.get("factory") or {}).get("path")
        if path is None:
            raise BadInput(f'{section}.{name} names no factory: add "factory": {{"path": …}}')
        factory = resolve_path(path)
        if not isinstance(factory, type) or not issubclass(factory, base):
            raise BadInput(f"{section}.{name}: {path} is no {base.__name__}")
        factories[name] = factory
    return factories
