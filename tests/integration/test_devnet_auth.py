"""Who gets into the devnet: signatures are checked for real, tokens live and die."""

import time

import jwt
import pytest
from aiohttp import ClientSession

from nautilus_paradex.devnet import DevnetConfig, DevnetServer
from nautilus_paradex.devnet.identities import DevnetAccount, derive_accounts
from nautilus_paradex.protocol.enums import RpcErrorCode
from nautilus_paradex.protocol.signing import ParadexSigner
from tests.integration.devnet_client import DevnetClient, auth_headers, connected

STRANGER = DevnetAccount(address=0x5EED, private_key=0x1234, subkey=0x4321, isolated=0x150)


class Clock:
    """A venue clock that a test moves."""

    def __init__(self):
        self.offset_us = 0

    def __call__(self):
        return time.time_ns() // 1_000 + self.offset_us

    def advance(self, secs):
        self.offset_us += int(secs * 1e6)


@pytest.fixture
def clock():
    return Clock()


def config():
    return DevnetConfig(port=0, synthetic=False, past_hours=0)


@pytest.fixture
async def server(clock):
    async with DevnetServer(config(), now_us=clock) as server:
        yield server


@pytest.fixture
async def client(server):
    async with ClientSession() as session:
        yield DevnetClient(server, session, 0)


async def sign_in(client, headers, path="/auth"):
    return await client.send("POST", path, headers=headers)


async def test_a_signed_request_earns_a_token_that_lives_five_minutes(client):
    now = int(time.time())
    answer = await sign_in(client, auth_headers(client.account, client.signer, now))
    assert answer.status == 200
    claims = jwt.decode(answer.body["jwt_token"], options={"verify_signature": False})
    assert claims["sub"] == client.account.address_hex
    assert claims["exp"] - claims["iat"] == 300


async def test_main_key_and_subkey_sign_in_under_their_own_path(client, server):
    subkey = client.account.subkey_signer(server.config.chain_id)
    for signer in (client.signer, subkey):
        headers = auth_headers(client.account, signer, int(time.time()))
        answer = await sign_in(client, headers, f"/auth/{signer.public_key:#x}")
        assert answer.status == 200


async def test_a_subkey_is_refused_without_its_path(client, server):
    subkey = client.account.subkey_signer(server.config.chain_id)
    answer = await sign_in(client, auth_headers(client.account, subkey, int(time.time())))
    assert (answer.status, answer.body["error"]) == (401, "STARKNET_SIGNATURE_VERIFICATION_FAILED")


async def test_a_key_that_is_not_the_accounts_is_refused(client):
    answer = await sign_in(
        client, auth_headers(client.account, client.signer, int(time.time())), "/auth/0x123"
    )
    assert (answer.status, answer.body["error"]) == (400, "INVALID_SUBKEY")


async def test_the_chain_id_is_part_of_the_signature(client):
    elsewhere = client.account.signer("PRIVATE_SN_POTC_SEPOLIA")
    answer = await sign_in(client, auth_headers(client.account, elsewhere, int(time.time())))
    assert (answer.status, answer.body["error"]) == (401, "STARKNET_SIGNATURE_VERIFICATION_FAILED")


@pytest.mark.parametrize(
    ("header", "value", "code"),
    [
        ("PARADEX-STARKNET-ACCOUNT", "not hex", "INVALID_STARKNET_ADDRESS"),
        ("PARADEX-STARKNET-ACCOUNT", None, "INVALID_STARKNET_ADDRESS"),
        ("PARADEX-STARKNET-ACCOUNT", "0x5eed", "NOT_ONBOARDED"),
        ("PARADEX-STARKNET-SIGNATURE", '["1"]', "INVALID_STARKNET_SIGNATURE"),
        ("PARADEX-STARKNET-SIGNATURE", None, "INVALID_STARKNET_SIGNATURE"),
        ("PARADEX-STARKNET-SIGNATURE", '["1","2"]', "STARKNET_SIGNATURE_VERIFICATION_FAILED"),
        ("PARADEX-TIMESTAMP", "soon", "INVALID_TIMESTAMP"),
        ("PARADEX-TIMESTAMP", None, "INVALID_TIMESTAMP"),
    ],
)
async def test_the_first_wrong_header_is_named_by_its_code(client, header, value, code):
    headers = auth_headers(client.account, client.signer, int(time.time()))
    del headers[header]
    if value is not None:
        headers[header] = value
    answer = await sign_in(client, headers)
    assert answer.status in (400, 401)
    assert answer.body["error"] == code


@pytest.mark.parametrize(
    ("ahead_secs", "life_secs"), [(3_600, 600), (-1_000, 500), (0, 8 * 86_400)]
)
async def test_times_out_of_range_are_refused(client, ahead_secs, life_secs):
    timestamp = int(time.time()) + ahead_secs
    headers = auth_headers(
        client.account, client.signer, timestamp, expiration=timestamp + life_secs
    )
    answer = await sign_in(client, headers)
    assert (answer.status, answer.body["error"]) == (400, "INVALID_TIMESTAMP")


async def test_an_expired_token_is_refused_in_the_gateways_words(client, clock):
    await client.sign_in()
    assert (await client.get("/account")).status == 200
    clock.advance(301)
    answer = await client.get("/account")
    assert answer.status == 401
    assert "error" not in answer.body
    assert answer.body["message"].startswith("missing or malformed jwt: token is expired by ")


@pytest.mark.parametrize("header", ["Bearer nonsense", "Basic abc", "Bearer"])
async def test_a_malformed_token_is_refused_without_a_code(client, header):
    answer = await client.send("GET", "/account", headers={"Authorization": header})
    assert answer.status == 401
    assert "error" not in answer.body


async def test_a_missing_token_is_refused(client):
    answer = await client.get("/account")
    assert (answer.status, answer.body["error"]) == (401, "INVALID_TOKEN")


async def test_a_token_of_another_devnet_is_no_token_here(client):
    async with DevnetServer(config()) as other, connected(other) as (foreign, _):
        client.token = foreign.token
    assert (await client.get("/account")).status == 401


async def test_a_socket_stays_authenticated_after_its_token_expired(client, clock):
    await client.sign_in()
    async with client.socket(auth=True) as socket:
        clock.advance(301)
        await socket.subscribe("account")


@pytest.mark.parametrize(
    ("bearer", "code"),
    [("nonsense", RpcErrorCode.MALFORMED_BEARER), (None, RpcErrorCode.INVALID_BEARER)],
)
async def test_bad_tokens_on_a_socket(client, clock, bearer, code):
    await client.sign_in()
    clock.advance(301)
    async with client.socket() as socket:
        response = await socket.call("auth", bearer=bearer or client.token)
        assert response.error is not None
        assert response.error.code == code


async def test_read_only_tokens_read_and_listen_but_do_not_trade(client):
    listed = (await client.devnet("GET", "/devnet/accounts")).body["accounts"]
    client.token = listed[0]["readonly_token"]
    assert (await client.get("/account")).body["account"] == client.account.address_hex
    answer = await client.place()
    assert (answer.status, answer.body["error"]) == (403, "INVALID_TOKEN_SCOPE")
    async with client.socket(auth=True) as socket:
        await socket.subscribe("orders.ALL")
        response = await socket.call("order.cancel_all")
        assert response.error is not None


async def test_onboarding_is_idempotent_and_then_signs_in(client, server):
    signer = STRANGER.signer(server.config.chain_id)
    headers = {
        "PARADEX-ETHEREUM-ACCOUNT": "0x0",
        "PARADEX-STARKNET-ACCOUNT": STRANGER.address_hex,
        "PARADEX-STARKNET-SIGNATURE": signer.sign_onboarding(),
    }
    body = {"public_key": f"{signer.public_key:#x}"}
    for _ in range(2):
        answer = await client.send("POST", "/onboarding", headers=headers, json=body)
        assert answer.status == 200
    signed_in = await sign_in(client, auth_headers(STRANGER, signer, int(time.time())))
    client.token = signed_in.body["jwt_token"]
    assert (await client.get("/account")).body["total_collateral"] == "100000"


async def test_onboarding_with_anothers_key_is_refused(client, server):
    wrong = ParadexSigner(server.config.chain_id, STRANGER.address, 0x999)
    headers = {
        "PARADEX-STARKNET-ACCOUNT": STRANGER.address_hex,
        "PARADEX-STARKNET-SIGNATURE": wrong.sign_onboarding(),
    }
    key = STRANGER.signer(server.config.chain_id).public_key
    answer = await client.send(
        "POST", "/onboarding", headers=headers, json={"public_key": f"{key:#x}"}
    )
    assert (answer.status, answer.body["error"]) == (401, "STARKNET_SIGNATURE_VERIFICATION_FAILED")


def test_accounts_derive_from_the_seed():
    assert derive_accounts(7, 3) == derive_accounts(7, 3)
    assert derive_accounts(7, 3)[:2] == derive_accounts(7, 2)
    assert derive_accounts(8, 1) != derive_accounts(7, 1)
