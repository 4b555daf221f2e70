"""Settings: what is refused, what survives JSON, and that no print of them shows the key."""

import copy
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import rich
from nautilus_trader.config import ImportableConfig, TradingNodeConfig

from nautilus_paradex import (
    ParadexDataClientConfig,
    ParadexEnvironment,
    ParadexExecClientConfig,
    ParadexLiveDataClientFactory,
    ParadexLiveExecClientFactory,
)
from nautilus_paradex.devnet.config import DEFAULT_SEED
from nautilus_paradex.devnet.identities import derive_accounts

KEY = "0x4d3c2b1a00ff"
CONFIGS = Path(__file__).parents[2] / "configs"


def as_json(**settings: object) -> str:
    return json.dumps(settings)


class TestDefaults:
    def test_data_defaults_are_the_documented_ones(self) -> None:
        config = ParadexDataClientConfig()

        assert config.environment is ParadexEnvironment.MAINNET
        assert config.http_timeout_secs == 10
        assert config.max_retries == 3
        assert (config.retry_delay_initial_ms, config.retry_delay_max_ms) == (1_000, 10_000)
        assert config.update_instruments_interval_mins == 60
        assert config.bars_timestamp_on_close is True
        assert config.auto_load_missing_instruments is False
        assert config.sbe_schema_version is None

    def test_exec_defaults_are_the_documented_ones(self) -> None:
        config = ParadexExecClientConfig()

        assert (config.account_address, config.private_key) == (None, None)
        assert config.recv_window_ms == 10_000
        assert config.stp is None
        assert not config.dime_discount
        assert not config.gtd_as_gtc
        assert not config.use_spot_position_reports
        assert config.cancel_on_disconnect is False
        assert config.on_behalf_of_account is None

    @pytest.mark.parametrize("environment", ParadexEnvironment)
    def test_addresses_are_the_environments_unless_given(
        self, environment: ParadexEnvironment
    ) -> None:
        config = ParadexDataClientConfig(environment=environment)
        other = ParadexDataClientConfig(
            environment=environment,
            base_url_http="http://127.0.0.1:1/v1",
            base_url_ws="ws://127.0.0.1:1/v1",
        )

        assert (config.http_url, config.ws_url) == (environment.http_url, environment.ws_url)
        assert (other.http_url, other.ws_url) == ("http://127.0.0.1:1/v1", "ws://127.0.0.1:1/v1")


class TestJson:
    @pytest.mark.parametrize("environment", ParadexEnvironment)
    def test_the_environment_is_lower_case(self, environment: ParadexEnvironment) -> None:
        config = ParadexDataClientConfig.parse(as_json(environment=environment.name.lower()))

        assert config.environment is environment

    def test_a_data_config_survives_the_round_trip(self) -> None:
        config = ParadexDataClientConfig(
            environment=ParadexEnvironment.TESTNET,
            proxy_url="http://127.0.0.1:3128",
            update_instruments_interval_mins=None,
            sbe_schema_version=1,
        )

        assert ParadexDataClientConfig.parse(config.json()) == config

    def test_an_environment_given_as_text_is_taken(self) -> None:
        config = ParadexDataClientConfig(environment="testnet")  # type: ignore[arg-type]

        assert config.environment is ParadexEnvironment.TESTNET

    def test_an_unknown_field_is_refused(self) -> None:
        with pytest.raises(msgspec.ValidationError, match="unknown field `enviroment`"):
            ParadexDataClientConfig.parse(as_json(enviroment="testnet"))


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        (
            {"environment": "prod"},
            "environment must be one of mainnet, testnet, devnet, was 'prod'",
        ),
        ({"base_url_http": "ftp://host"}, "base_url_http must be an address beginning with http"),
        ({"base_url_ws": "https://host"}, "base_url_ws must be an address beginning with ws"),
        ({"base_url_ws": "ws://"}, "base_url_ws must be an address beginning with ws"),
        ({"proxy_url": "127.0.0.1:3128"}, "proxy_url must be an address beginning with http"),
        ({"base_url_http": "http://h:99999999/v1"}, "base_url_http .* host or port is malformed"),
        ({"base_url_http": "http://[::1/v1"}, "base_url_http .* host or port is malformed"),
        ({"base_url_ws": "ws://h:abc/v1"}, "base_url_ws .* host or port is malformed"),
        ({"proxy_url": "http://"}, "proxy_url .* host or port is malformed"),
        ({"proxy_url": "socks5://h:1"}, "proxy_url must be an address beginning with http"),
        ({"http_timeout_secs": 0}, "http_timeout_secs must be above 0, was 0"),
        ({"http_timeout_secs": math.nan}, "http_timeout_secs must be above 0, was nan"),
        ({"system_state_interval_secs": 0}, "system_state_interval_secs must be above 0, was 0"),
        ({"max_retries": -1}, "max_retries must not be negative, was -1"),
        ({"retry_delay_initial_ms": 20_000}, "at most retry_delay_max_ms, was 20000 and 10000"),
    ],
)
@pytest.mark.parametrize("config", [ParadexDataClientConfig, ParadexExecClientConfig])
def test_a_wrong_setting_is_named(
    config: Callable[..., object], settings: dict[str, object], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        config(**settings)


@pytest.mark.parametrize(
    ("config", "settings", "complaint"),
    [
        (ParadexDataClientConfig, {"sbe_schema_version": 3}, "must be 0, 1, 2 or null, was 3"),
        (ParadexDataClientConfig, {"update_instruments_interval_mins": 0}, "must be positive"),
        (ParadexExecClientConfig, {"recv_window_ms": 9}, "recv_window_ms must be at least 10"),
        (
            ParadexExecClientConfig,
            {"stp": "EXPIRE_NOBODY"},
            "stp must be one of EXPIRE_MAKER, EXPIRE_TAKER, EXPIRE_BOTH or null, "
            "was 'EXPIRE_NOBODY'",
        ),
        (
            ParadexExecClientConfig,
            {"token_usage": "retail"},
            "token_usage must be interactive or null, was 'retail'",
        ),
        (
            ParadexExecClientConfig,
            {"leverages": {"BTC-USD-PERP": 0}},
            r"leverages\['BTC-USD-PERP'\] must be at least 1, was 0",
        ),
        (
            ParadexExecClientConfig,
            {"margin_modes": {"BTC-USD-PERP": "cross"}},
            "must be one of CROSS, ISOLATED, was 'cross'",
        ),
    ],
)
def test_a_wrong_setting_of_one_client_is_named(
    config: Callable[..., object], settings: dict[str, object], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        config(**settings)


@pytest.mark.parametrize("url", ["ftp://user:secret@host", "http://user:secret", "http://[:secret"])
def test_a_wrong_proxy_is_not_repeated_in_the_message(url: str) -> None:
    with pytest.raises(ValueError, match="proxy_url") as caught:
        ParadexDataClientConfig(proxy_url=url)

    assert "secret" not in str(caught.value)


class TestProxy:
    URL = "http://user:hunter2@127.0.0.1:3128"

    @pytest.mark.parametrize("config", [ParadexDataClientConfig, ParadexExecClientConfig])
    def test_a_password_is_shown_to_nobody_who_does_not_ask(
        self, config: type[ParadexDataClientConfig | ParadexExecClientConfig]
    ) -> None:
        built = config(proxy_url=self.URL)
        parsed = config.parse(as_json(proxy_url=self.URL))
        changed = msgspec.structs.replace(built, max_retries=1)

        for each in (built, parsed, changed, copy.deepcopy(built)):
            shown = f"{each} {each!r} {each.json()!r} {each.dict()}"
            assert "hunter2" not in shown
            assert each.reveal_proxy_url() == self.URL
            assert type(each.reveal_proxy_url()) is str

    def test_one_without_a_password_is_no_secret(self) -> None:
        config = ParadexDataClientConfig(proxy_url="http://127.0.0.1:3128")

        assert "http://127.0.0.1:3128" in repr(config)
        assert config.reveal_proxy_url() == "http://127.0.0.1:3128"
        assert ParadexDataClientConfig().reveal_proxy_url() is None


class TestSecrecy:
    @pytest.fixture
    def config(self) -> ParadexExecClientConfig:
        return ParadexExecClientConfig(private_key=KEY)

    @pytest.mark.parametrize(
        "show",
        [
            repr,
            str,
            lambda config: f"{config} {config.private_key} {config.private_key!s:>80}",
            lambda config: repr(config.dict()),
            lambda config: config.json().decode(),
            lambda config: repr(config.json_primitives()),
            lambda config: repr(msgspec.to_builtins(config, enc_hook=str)),
            lambda config: repr(TradingNodeConfig(exec_clients={"PARADEX": config})),
            # What the platform writes beside streamed data.
            lambda config: TradingNodeConfig(exec_clients={"PARADEX": config}).json().decode(),
        ],
    )
    def test_the_key_is_in_no_print(
        self, config: ParadexExecClientConfig, show: Callable[[Any], str]
    ) -> None:
        assert KEY[2:] not in show(config)

    def test_the_key_is_in_no_pretty_print(
        self, config: ParadexExecClientConfig, capsys: pytest.CaptureFixture[str]
    ) -> None:
        rich.print(config)

        assert KEY[2:] not in capsys.readouterr().out

    def test_the_key_is_there_for_who_asks(self, config: ParadexExecClientConfig) -> None:
        assert config.reveal_private_key() == KEY
        assert type(config.reveal_private_key()) is str
        assert copy.deepcopy(config).reveal_private_key() == KEY
        changed = msgspec.structs.replace(config, recv_window_ms=20)
        assert changed.reveal_private_key() == KEY
        assert ParadexExecClientConfig().reveal_private_key() is None

    def test_a_config_from_json_hides_it_too(self) -> None:
        config = ParadexExecClientConfig.parse(as_json(private_key=KEY))

        assert config.reveal_private_key() == KEY
        assert KEY[2:] not in repr(config)


class TestNodeConfigs:
    @pytest.mark.parametrize("environment", ParadexEnvironment)
    def test_the_shipped_config_parses(self, environment: ParadexEnvironment) -> None:
        node = TradingNodeConfig.parse((CONFIGS / f"{environment.value}.json").read_text())

        data, execution = node.data_clients["PARADEX"], node.exec_clients["PARADEX"]
        assert isinstance(data, ImportableConfig)
        assert isinstance(execution, ImportableConfig)
        assert data.create().environment is environment
        assert execution.create().environment is environment
        assert isinstance(data.factory.create(), ParadexLiveDataClientFactory)
        assert isinstance(execution.factory.create(), ParadexLiveExecClientFactory)
        assert node.exec_engine.reconciliation
        assert node.exec_engine.reconciliation_startup_delay_secs > 0

    @pytest.mark.parametrize("environment", ["testnet", "mainnet"])
    def test_a_config_for_real_money_carries_no_key(self, environment: str) -> None:
        settings = json.loads((CONFIGS / f"{environment}.json").read_text())

        assert "private_key" not in settings["exec_clients"]["PARADEX"]["config"]

    def test_the_devnets_config_names_its_first_account(self) -> None:
        account = derive_accounts(DEFAULT_SEED, 1)[0]
        node = TradingNodeConfig.parse((CONFIGS / "devnet.json").read_text())
        config = node.exec_clients["PARADEX"].create()

        assert config.account_address == account.address_hex
        assert config.reveal_private_key() == account.private_key_hex
