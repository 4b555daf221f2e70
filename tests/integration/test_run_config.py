"""`paradex-nt run` as a user calls it: the configurations of the repository, and wrong ones."""

import json
import os
import re
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from aiohttp import ClientSession
from click.testing import CliRunner, Result

from nautilus_paradex.cli.main import main
from nautilus_paradex.cli.node import build_node, parse_node_config
from nautilus_paradex.devnet.config import DEFAULT_PORT, DEFAULT_SEED
from nautilus_paradex.devnet.identities import derive_accounts
from tests.integration.processes import FREE_PORT, Devnet, command, devnet
from tests.support import eventually

ROOT: Final = Path(__file__).parents[2]
CONFIGS: Final = ROOT / "configs"
PREFIXES: Final = {"testnet": "PARADEX_TESTNET_", "mainnet": "PARADEX_"}
QUOTER: Final = {
    "strategy_path": "examples.quoter:Quoter",
    "config_path": "examples.quoter:QuoterConfig",
    "config": {"instrument_id": "BTC-USD-PERP.PARADEX", "order_size": "0.001"},
}

type Document = dict[str, Any]


def shipped(name: str = "devnet") -> Document:
    document: Document = json.loads((CONFIGS / f"{name}.json").read_bytes())
    return document


def pointed_at(venue: Devnet, document: Document) -> Document:
    """Return a configuration with the addresses of `venue` in place of the environment's."""
    for section in ("data_clients", "exec_clients"):
        settings = document[section]["PARADEX"]["config"]
        settings |= {"base_url_http": venue.http, "base_url_ws": venue.ws}
    return document


def written(path: Path, document: Document) -> Path:
    path.write_text(json.dumps(document))
    return path


async def ledger_account(venue: Devnet) -> Document:
    """Return what the venue knows of its first account: that of the shipped configuration."""
    async with ClientSession() as session, session.get(venue.ledger_url) as response:
        account: Document = (await response.json())["accounts"][venue.accounts[0].address]
    return account


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return probe.connect_ex(("127.0.0.1", port)) != 0


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], Result]:
    """The command within this process, for mistakes that are found before there is a node."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "path", list(sys.path))
    for name in [name for name in os.environ if "PARADEX" in name]:
        monkeypatch.delenv(name)
    return lambda path: CliRunner().invoke(main, ["run", str(path)])


# What runs.


async def test_the_devnet_config_runs_unchanged_against_a_plain_devnet(tmp_path: Path) -> None:
    if not is_free(DEFAULT_PORT):
        pytest.skip(f"port {DEFAULT_PORT} is taken, and the configuration names it")
    async with (
        devnet(directory=tmp_path),
        command("run", CONFIGS / "devnet.json", directory=tmp_path) as node,
    ):
        await eventually(lambda: "TradingNode: RUNNING" in node.said)
        assert await node.interrupted() == 0
    assert "[ERROR]" not in node.said
    assert re.findall(r"\[WARN\].*", node.said) == [
        "[WARN] PARADEX-DEV.TradingNode: Received SIGINT, shutting down\x1b[0m"
    ]
    assert shipped()["exec_clients"]["PARADEX"]["config"]["private_key"] not in node.said


def test_the_devnet_config_names_the_first_account_of_a_plain_devnet() -> None:
    account = derive_accounts(DEFAULT_SEED, 1)[0]
    settings = shipped()["exec_clients"]["PARADEX"]["config"]
    assert settings["account_address"] == account.address_hex
    assert settings["private_key"] == account.private_key_hex


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_strategy_of_the_config_trades_until_a_signal(
    tmp_path: Path, number: signal.Signals
) -> None:
    async with devnet(*FREE_PORT, "--speed", "5", directory=tmp_path) as venue:
        document = pointed_at(venue, shipped()) | {"strategies": [QUOTER]}
        path = written(tmp_path / "node.json", document)
        async with command("run", path, directory=tmp_path, cwd=ROOT) as node:
            bought_or_sold = re.compile(r"Quoter: (?:BUY|SELL) [\d.]+ at [\d.]+")
            await eventually(lambda: len(bought_or_sold.findall(node.said)) >= 3)
            assert await node.interrupted(number) == 0, node.said

        account = await ledger_account(venue)
        # Not the strategy's own lines: a fill may come while it is being stopped.
        assert len(account["fills"]) == node.said.count("Quoter: <--[EVT] OrderFilled(")
        assert {order["status"] for order in account["orders"]} == {"CLOSED"}
        assert "[ERROR]" not in node.said
        assert venue.accounts[0].private_key not in node.said


async def test_the_key_may_come_from_the_environment(tmp_path: Path) -> None:
    async with devnet(*FREE_PORT, directory=tmp_path) as venue:
        document = pointed_at(venue, shipped())
        settings = document["exec_clients"]["PARADEX"]["config"]
        del settings["account_address"], settings["private_key"]
        account = venue.accounts[1]
        variables = {
            "PARADEX_DEVNET_ACCOUNT_ADDRESS": account.address,
            "PARADEX_DEVNET_PRIVATE_KEY": account.private_key,
        }
        path = written(tmp_path / "node.json", document)
        async with command("run", path, directory=tmp_path, variables=variables) as node:
            await eventually(lambda: "TradingNode: RUNNING" in node.said)
            assert await node.interrupted() == 0
        assert "registered in cache" in node.said
        assert account.private_key not in node.said


def without_a_venue() -> Document:
    """Return a configuration that leads to a port on which nobody answers."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    return pointed_at(
        Devnet(f"http://127.0.0.1:{port}/v1", f"ws://127.0.0.1:{port}/v1", []),
        shipped(),
    )


async def test_a_node_that_finds_no_venue_ends_after_the_connection_timeout(
    tmp_path: Path,
) -> None:
    document = without_a_venue() | {"timeout_connection": 1.0}
    path = written(tmp_path / "node.json", document)
    async with command("run", path, directory=tmp_path) as node:
        assert await node.ended() == 1
    errors = node.err.read_text()
    assert errors.endswith(
        "Error: the node did not connect within 1 s (timeout_connection): the log above says why\n"
    )
    assert "Traceback" not in errors
    assert "Task was destroyed" not in errors


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_a_node_that_still_connects(
    tmp_path: Path, number: signal.Signals
) -> None:
    document = without_a_venue() | {"timeout_connection": 600.0}
    path = written(tmp_path / "node.json", document)
    async with command("run", path, directory=tmp_path) as node:
        await eventually(lambda: "Awaiting engine connections" in node.said)
        assert await node.interrupted(number) == 0
    errors = node.err.read_text()
    assert "Traceback" not in errors
    assert "Task was destroyed" not in errors


# What cannot run.


@pytest.mark.parametrize("name", ["testnet", "mainnet"])
def test_a_network_config_asks_for_its_credentials(
    run: Callable[[Path], Result], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    prefix = PREFIXES[name]
    result = run(CONFIGS / f"{name}.json")
    assert (result.exit_code, result.output) == (
        2,
        f"Error: exec_clients.PARADEX: account_address is missing for {name}: "
        f"give it in the config or set {prefix}ACCOUNT_ADDRESS\n",
    )

    monkeypatch.setenv(f"{prefix}ACCOUNT_ADDRESS", "0x1234")
    result = run(CONFIGS / f"{name}.json")
    assert (result.exit_code, result.output) == (
        2,
        f"Error: exec_clients.PARADEX: private_key or readonly_token is missing for {name}: "
        f"give it in the config or set {prefix}PRIVATE_KEY or {prefix}READONLY_TOKEN\n",
    )


@pytest.mark.usefixtures("platform_logging")
@pytest.mark.parametrize("name", ["testnet", "mainnet"])
async def test_a_network_config_builds_once_it_has_credentials(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(f"{PREFIXES[name]}ACCOUNT_ADDRESS", "0x1234")
    monkeypatch.setenv(f"{PREFIXES[name]}PRIVATE_KEY", "0x5678")
    raw = (CONFIGS / f"{name}.json").read_bytes()

    node = build_node(raw, parse_node_config(raw))

    try:
        for engine in (node.kernel.data_engine, node.kernel.exec_engine):
            assert [client.value for client in engine.registered_clients] == ["PARADEX"]
    finally:
        node.kernel.dispose()
        node.kernel.executor.shutdown()


@pytest.mark.usefixtures("platform_logging")
async def test_the_settings_of_a_built_node_do_not_show_the_key() -> None:
    raw = json.dumps(shipped()).encode()
    key = shipped()["exec_clients"]["PARADEX"]["config"]["private_key"]

    node = build_node(raw, parse_node_config(raw))

    try:
        assert key not in repr(node._config)
        assert "PARADEX" in node._config.exec_clients
    finally:
        node.kernel.dispose()
        node.kernel.executor.shutdown()


def exec_settings(**changes: object) -> Callable[[Document], object]:
    return lambda document: document["exec_clients"]["PARADEX"]["config"].update(changes)


def without(setting: str) -> Callable[[Document], object]:
    return lambda document: document["exec_clients"]["PARADEX"]["config"].pop(setting)


def exec_factory(path: str) -> Callable[[Document], object]:
    return lambda document: document["exec_clients"]["PARADEX"]["factory"].update(path=path)


def node_settings(**changes: object) -> Callable[[Document], object]:
    return lambda document: document.update(changes)


def strategy(**changes: object) -> Callable[[Document], object]:
    return node_settings(strategies=[QUOTER | changes])


SECRET: Final = "0xdeadbeefcafe5ecre7"

WRONG_CONFIGS: Final = {
    "factory missing": (
        lambda document: document["data_clients"]["PARADEX"].pop("factory"),
        'data_clients.PARADEX names no factory: add "factory"',
    ),
    "factory of no module": (
        exec_factory("no.such.module:Factory"),
        "exec_clients.PARADEX.factory: no.such.module:Factory cannot be loaded",
    ),
    "factory not in its module": (
        exec_factory("nautilus_paradex:Factory"),
        "exec_clients.PARADEX.factory: nautilus_paradex:Factory cannot be loaded",
    ),
    "factory without a colon": (
        exec_factory("nautilus_paradex"),
        "a class is named as package.module:Class, was 'nautilus_paradex'",
    ),
    "factory that is no class": (
        exec_factory("nautilus_paradex:PARADEX"),
        "nautilus_paradex:PARADEX is no class",
    ),
    "factory of the other kind": (
        exec_factory("nautilus_paradex:ParadexLiveDataClientFactory"),
        "is no LiveExecClientFactory",
    ),
    "config class unknown": (
        lambda document: document["exec_clients"]["PARADEX"].update(path="nautilus_paradex:X"),
        "exec_clients.PARADEX: nautilus_paradex:X cannot be loaded",
    ),
    "key missing": (
        without("private_key"),
        "private_key or readonly_token is missing for devnet: give it in the config or set "
        "PARADEX_DEVNET_PRIVATE_KEY or PARADEX_DEVNET_READONLY_TOKEN",
    ),
    "account missing": (without("account_address"), "set PARADEX_DEVNET_ACCOUNT_ADDRESS"),
    "key no hex": (
        exec_settings(private_key=f"{SECRET}"),
        "exec_clients.PARADEX: private_key cannot be used: the private key must be a hex string",
    ),
    "key out of range": (
        exec_settings(private_key="0x" + "f" * 64),
        "the private key is out of range",
    ),
    "key in the account's place": (
        exec_settings(account_address=SECRET * 4),
        "account_address must be the account's Starknet address",
    ),
    "setting unknown": (
        exec_settings(privat_key=SECRET),
        "exec_clients.PARADEX: Object contains unknown field `privat_key`",
    ),
    "setting of the node unknown": (node_settings(tradr_id="X-1"), "unknown field `tradr_id`"),
    "environment unknown": (
        exec_settings(environment="moon"),
        "environment must be one of mainnet, testnet, devnet, was 'moon'",
    ),
    "address of REST no URL": (
        exec_settings(base_url_http="localhost:8899"),
        "base_url_http must be an address beginning with http:// or https://",
    ),
    "address of WebSocket no URL": (
        exec_settings(base_url_ws="http://127.0.0.1"),
        "base_url_ws must be an address beginning with ws:// or wss://",
    ),
    "trader without a tag": (node_settings(trader_id="TRADER"), "trader_id must be a name and"),
    "log level unknown": (
        node_settings(logging={"log_level": "LOUD"}),
        "log_level must be one of OFF, TRACE, DEBUG, INFO, WARN, WARNING, ERROR, was 'LOUD'",
    ),
    "strategy of no module": (
        strategy(strategy_path="no.such.module:Strategy"),
        "strategies[0]: no.such.module:Strategy cannot be loaded",
    ),
    "strategy's setting missing": (
        strategy(config={"instrument_id": "BTC-USD-PERP.PARADEX"}),
        "strategies[0]: Object missing required field `order_size`",
    ),
}


@pytest.mark.parametrize(("change", "words"), WRONG_CONFIGS.values(), ids=WRONG_CONFIGS.keys())
def test_a_wrong_config_is_one_line_and_status_two(
    tmp_path: Path,
    run: Callable[[Path], Result],
    change: Callable[[Document], object],
    words: str,
) -> None:
    document = shipped()
    change(document)

    result = run(written(tmp_path / "node.json", document))

    assert result.exit_code == 2
    assert words in result.output
    assert len(result.output.splitlines()) == 1
    assert_keeps_secrets(result.output)


@pytest.mark.parametrize("case", ["factory of no module", "key missing", "key no hex"])
async def test_a_wrong_config_ends_the_process_with_one_line(tmp_path: Path, case: str) -> None:
    change, words = WRONG_CONFIGS[case]
    document = shipped()
    change(document)
    path = written(tmp_path / "node.json", document)

    async with command("run", path, directory=tmp_path) as node:
        assert await node.ended() == 2

    assert words in node.said
    assert len(node.said.splitlines()) == 1
    assert_keeps_secrets(node.said)


async def test_a_strategy_that_refuses_its_settings_is_one_line_after_the_log(
    tmp_path: Path,
) -> None:
    document = shipped()
    strategy(strategy_path="nautilus_paradex.cli.demo.strategy:DemoQuoter")(document)
    path = written(tmp_path / "node.json", document)

    async with command("run", path, directory=tmp_path, cwd=ROOT) as node:
        assert await node.ended() == 2

    assert re.fullmatch(r"Error: the node cannot be built: .*stats.*\n", node.err.read_text())
    assert_keeps_secrets(node.said)


def assert_keeps_secrets(text: str) -> None:
    assert "Traceback" not in text
    assert SECRET not in text
    assert shipped()["exec_clients"]["PARADEX"]["config"]["private_key"] not in text


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{trader_id: 1}", "the configuration is no JSON"),
        (b"", "the configuration is no JSON"),
        (b'{"trader_id": "\xff"}', "the configuration is no JSON"),
        (b"[]", "must be a JSON object"),
        (b"null", "must be a JSON object"),
    ],
)
def test_a_file_that_is_no_config(
    tmp_path: Path, run: Callable[[Path], Result], content: bytes, words: str
) -> None:
    path = tmp_path / "node.json"
    path.write_bytes(content)
    result = run(path)
    assert result.exit_code == 2
    assert words in result.output
    assert len(result.output.splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "words"), [("nowhere.json", "No such file"), (".", "Is a directory")]
)
async def test_a_file_that_cannot_be_read(tmp_path: Path, name: str, words: str) -> None:
    async with command("run", tmp_path / name, directory=tmp_path) as node:
        assert await node.ended() == 2
    assert node.said.startswith(f"Error: cannot read {tmp_path / name}: {words}")
    assert len(node.said.splitlines()) == 1
