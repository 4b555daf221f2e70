"""From a node's JSON configuration to a built `TradingNode` with its factories registered.

The platform's own loader cannot do it in 1.231: it looks for a factory's class name on an
instance, and cannot decode `trader_id`. What can be wrong is looked for before the node exists,
so that a mistake is one line and not the last of a hundred.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import msgspec
from nautilus_trader.common.config import ImportableConfig, resolve_config_path, resolve_path
from nautilus_trader.config import ImportableStrategyConfig, LoggingConfig, TradingNodeConfig
from nautilus_trader.live.factories import LiveDataClientFactory, LiveExecClientFactory
from nautilus_trader.live.node import TradingNode

from nautilus_paradex.cli.errors import BadInput
from nautilus_paradex.config import ParadexDataClientConfig, ParadexExecClientConfig
from nautilus_paradex.factories import exec_credentials
from nautilus_paradex.protocol.environment import ParadexEnvironment
from nautilus_paradex.protocol.errors import ParadexError

__all__ = ["build_node", "parse_node_config"]

# The platform's own checks of these two are panics that end the process with a dump (1.231).
_TRADER_ID: Final = re.compile(r"[!-~]+-[!-~]+")
_LOG_LEVELS: Final = ("OFF", "TRACE", "DEBUG", "INFO", "WARN", "WARNING", "ERROR")

# What a path that leads nowhere, a setting of the wrong kind and a refusing constructor raise.
_MISTAKES: Final = (ValueError, TypeError, AttributeError, ImportError, KeyError, ParadexError)


def parse_node_config(raw: bytes) -> TradingNodeConfig:
    """
    Read a node's configuration.

    Raises
    ------
    BadInput
        If it is no JSON, or not the configuration of a node.

    """
    try:
        document = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise BadInput(f"the configuration is no JSON: {exc}") from exc
    if not isinstance(document, dict):
        raise BadInput("the configuration must be a JSON object with the settings of a node")
    _check_trader_id(document.get("trader_id"))
    with _naming("the configuration cannot be used"):
        config = TradingNodeConfig.parse(raw)
    _check_log_levels(config.logging)
    return config


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
        If a class cannot be loaded, or a client or strategy refuses its settings.

    """
    document = msgspec.json.decode(raw)
    data_factories = _factories(document, "data_clients", LiveDataClientFactory)
    exec_factories = _factories(document, "exec_clients", LiveExecClientFactory)
    config = msgspec.structs.replace(
        config,
        data_clients=_clients("data_clients", config.data_clients),
        exec_clients=_clients("exec_clients", config.exec_clients),
    )
    _check_strategies(config.strategies)
    with _naming("the node cannot be built"):
        node = TradingNode(config=config)
    for name, factory in data_factories.items():
        node.add_data_client_factory(name, factory)
    for name, factory in exec_factories.items():
        node.add_exec_client_factory(name, factory)
    try:
        with _naming("the clients cannot be built"):
            node.build()
    except BadInput:
        node.dispose()
        raise
    return node


def _check_trader_id(trader_id: object) -> None:
    if isinstance(trader_id, str) and not _TRADER_ID.fullmatch(trader_id):
        raise BadInput(
            "trader_id must be a name and a tag with a hyphen between them, such as TRADER-001, "
            f"was {trader_id!r}"
        )


def _check_log_levels(logging: LoggingConfig | None) -> None:
    if logging is None:
        return
    levels = {
        "log_level": logging.log_level,
        "log_level_file": logging.log_level_file,
        **(logging.log_component_levels or {}),
    }
    for name, level in levels.items():
        if level is not None and str(level).upper() not in _LOG_LEVELS:
            raise BadInput(
                f"logging: {name} must be one of {', '.join(_LOG_LEVELS)}, was {level!r}"
            )


def _factories(document: Any, section: str, base: type) -> dict[str, type]:
    """Return the factory class of each client of a section, by the client's name."""
    factories: dict[str, type] = {}
    for name, client in (document.get(section) or {}).items():
        path = (client.get("factory") or {}).get("path")
        if path is None:
            raise BadInput(f'{section}.{name} names no factory: add "factory": {{"path": …}}')
        factory = _class_at(f"{section}.{name}.factory", path)
        if not issubclass(factory, base):
            raise BadInput(f"{section}.{name}.factory: {path} is no {base.__name__}")
        factories[name] = factory
    return factories


def _clients(section: str, clients: Mapping[str, object]) -> dict[str, object]:
    """
    Return the settings of each client of a section, checked and as objects of their classes.

    As read from JSON they are plain mappings, which would show a key to whoever prints them.
    """
    settled: dict[str, object] = dict(clients)
    for name, client in clients.items():
        if not isinstance(client, ImportableConfig):
            continue
        settings_class = _class_at(f"{section}.{name}", client.path)
        if issubclass(settings_class, ParadexDataClientConfig | ParadexExecClientConfig):
            _check_environment(f"{section}.{name}", client.config.get("environment"))
        with _naming(f"{section}.{name}"):
            settings = settled[name] = client.create()
            if isinstance(settings, ParadexExecClientConfig):
                exec_credentials(settings)
    return settled


def _check_environment(where: str, environment: object) -> None:
    # The decoder would say that the value is wrong, and not which ones are right.
    if isinstance(environment, str) and environment not in list(ParadexEnvironment):
        raise BadInput(
            f"{where}: environment must be one of {', '.join(ParadexEnvironment)}, "
            f"was {environment!r}"
        )


def _check_strategies(strategies: list[ImportableStrategyConfig]) -> None:
    for position, strategy in enumerate(strategies):
        where = f"strategies[{position}]"
        _class_at(where, strategy.strategy_path)
        _class_at(where, strategy.config_path)
        with _naming(where):
            resolve_config_path(strategy.config_path).parse(msgspec.json.encode(strategy.config))


def _class_at(where: str, path: str) -> type:
    module, separator, name = path.rpartition(":")
    if not (module and separator and name):
        raise BadInput(f"{where}: a class is named as package.module:Class, was {path!r}")
    with _naming(f"{where}: {path} cannot be loaded"):
        found = resolve_path(path)
    if not isinstance(found, type):
        raise BadInput(f"{where}: {path} is no class")
    return found


@contextmanager
def _naming(what: str) -> Iterator[None]:
    """Turn a person's mistake into one line that begins with where it is."""
    try:
        yield
    except _MISTAKES as exc:
        raise BadInput(f"{what}: {exc}") from exc
