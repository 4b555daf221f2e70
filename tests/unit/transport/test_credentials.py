"""Credentials: where they come from, what is refused, and that they stay secret."""

import pytest

from nautilus_paradex.protocol.environment import ParadexEnvironment
from nautilus_paradex.protocol.signing import CURVE_ORDER, FIELD_PRIME
from nautilus_paradex.transport.credentials import ParadexCredentials, environment_variable
from nautilus_paradex.transport.errors import CredentialsError

ADDRESS = "0x5a17"
KEY = "0xfeedfacefeedface"
TOKEN = "header.claims.signature"


@pytest.mark.parametrize(
    ("environment", "prefix"),
    [
        (ParadexEnvironment.MAINNET, "PARADEX_"),
        (ParadexEnvironment.TESTNET, "PARADEX_TESTNET_"),
        (ParadexEnvironment.DEVNET, "PARADEX_DEVNET_"),
    ],
)
def test_each_environment_reads_its_own_variables(environment, prefix):
    variables = {
        f"{prefix}ACCOUNT_ADDRESS": ADDRESS,
        f"{prefix}PRIVATE_KEY": f" {KEY}\n",
        f"{prefix}READONLY_TOKEN": TOKEN,
        "PARADEX_OTHER_PRIVATE_KEY": "0x1",
    }

    credentials = ParadexCredentials.resolve(environment, variables=variables)

    assert environment_variable(environment, "PRIVATE_KEY") == f"{prefix}PRIVATE_KEY"
    assert credentials.account_address == int(ADDRESS, 16)
    assert credentials.account_hex == ADDRESS
    assert credentials.private_key == int(KEY, 16)
    assert credentials.readonly_token == TOKEN
    assert not credentials.is_subkey


def test_the_process_environment_is_read_where_no_mapping_is_given(monkeypatch):
    monkeypatch.setenv("PARADEX_DEVNET_ACCOUNT_ADDRESS", ADDRESS)
    monkeypatch.setenv("PARADEX_DEVNET_PRIVATE_KEY", KEY)

    credentials = ParadexCredentials.resolve(ParadexEnvironment.DEVNET)

    assert credentials.account_hex == ADDRESS


def test_arguments_go_before_variables():
    variables = {"PARADEX_ACCOUNT_ADDRESS": "0x1", "PARADEX_PRIVATE_KEY": "0x2"}

    credentials = ParadexCredentials.resolve(
        ParadexEnvironment.MAINNET,
        account_address=3,
        private_key=4,
        is_subkey=True,
        variables=variables,
    )

    assert (credentials.account_address, credentials.private_key) == (3, 4)
    assert credentials.is_subkey


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({}, "account_address is missing for testnet: .* set PARADEX_TESTNET_ACCOUNT_ADDRESS"),
        (
            {"PARADEX_TESTNET_ACCOUNT_ADDRESS": "0x1", "PARADEX_TESTNET_PRIVATE_KEY": "  "},
            "private_key or readonly_token is missing for testnet: .* set "
            "PARADEX_TESTNET_PRIVATE_KEY or PARADEX_TESTNET_READONLY_TOKEN",
        ),
    ],
)
def test_what_is_missing_is_named_with_its_variable(variables, message):
    with pytest.raises(CredentialsError, match=message):
        ParadexCredentials.resolve(ParadexEnvironment.TESTNET, variables=variables)


@pytest.mark.parametrize(
    "address", ["", "0x", "paradex", "0x0", 0, -1, "-0x5", FIELD_PRIME, hex(FIELD_PRIME)]
)
def test_a_malformed_address_is_refused(address):
    with pytest.raises(CredentialsError, match="account_address must be the account's Starknet"):
        ParadexCredentials(address, KEY)


@pytest.mark.parametrize("key", ["", "no key", "0x0", 0, CURVE_ORDER, "0x" + "f" * 64])
def test_a_malformed_key_is_refused(key):
    with pytest.raises(CredentialsError, match="private_key cannot be used"):
        ParadexCredentials(ADDRESS, key)


@pytest.mark.parametrize("token", ["", "abc", "a.b", "a.b.c d", "a.b.c\nx-header: 1", "ä.b.c"])
def test_a_malformed_token_is_refused(token):
    with pytest.raises(CredentialsError, match="readonly_token must be a JWT"):
        ParadexCredentials(ADDRESS, readonly_token=token)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("ACCOUNT_ADDRESS", "x", r"account_address \(PARADEX_DEVNET_ACCOUNT_ADDRESS\) must be"),
        ("PRIVATE_KEY", "x", r"private_key \(PARADEX_DEVNET_PRIVATE_KEY\) cannot be used"),
        ("READONLY_TOKEN", "x", r"readonly_token \(PARADEX_DEVNET_READONLY_TOKEN\) must be"),
    ],
)
def test_what_is_malformed_in_the_environment_is_named_with_its_variable(name, value, message):
    variables = {
        "PARADEX_DEVNET_ACCOUNT_ADDRESS": ADDRESS,
        "PARADEX_DEVNET_PRIVATE_KEY": KEY,
        f"PARADEX_DEVNET_{name}": value,
    }

    with pytest.raises(CredentialsError, match=message):
        ParadexCredentials.resolve(ParadexEnvironment.DEVNET, variables=variables)


def test_what_is_malformed_in_an_argument_is_named_without():
    with pytest.raises(CredentialsError, match=r"^private_key cannot be used"):
        ParadexCredentials.resolve(
            ParadexEnvironment.DEVNET, account_address=ADDRESS, private_key="x", variables={}
        )


def test_an_address_alone_is_not_enough():
    with pytest.raises(CredentialsError, match="private_key or readonly_token is needed"):
        ParadexCredentials(ADDRESS)


def test_no_repr_or_message_shows_a_secret():
    credentials = ParadexCredentials(ADDRESS, KEY, TOKEN)
    with pytest.raises(CredentialsError) as swapped:
        ParadexCredentials(KEY + "f" * 60, ADDRESS)
    with pytest.raises(CredentialsError) as malformed:
        ParadexCredentials(ADDRESS, KEY + "-oops")

    shown = " ".join([repr(credentials), str(credentials), str(swapped.value)])
    shown += str(malformed.value)

    assert "feedface" not in shown
    assert str(int(KEY, 16)) not in shown
    assert TOKEN not in shown
    assert "'***'" in repr(credentials)


def test_credentials_do_not_change():
    credentials = ParadexCredentials(ADDRESS, KEY)

    with pytest.raises(AttributeError):
        credentials.private_key = 5
