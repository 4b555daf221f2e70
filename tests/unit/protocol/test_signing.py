"""Starknet signatures: the venue's vectors, our own constants, and hostile input."""

import copy
import json
import pickle
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nautilus_paradex.protocol.errors import SigningError
from nautilus_paradex.protocol.signing import (
    CURVE_ORDER,
    FIELD_PRIME,
    ParadexSigner,
    auth_hash,
    modify_order_hash,
    onboarding_hash,
    order_hash,
    parse_private_key,
    parse_signature,
    verify_signature,
    wire_signature,
)

VECTORS_PATH = (
    Path(__file__).parents[4] / "shared" / "reference" / "paradex" / "signing_vectors.json"
)
CHAIN_ID = "PRIVATE_SN_PARACLEAR_MAINNET"
ACCOUNT = 0x5A17
PRIVATE_KEY = 0x3C0FFEE
ORDER = {
    "timestamp_ms": 1_790_000_000_000,
    "market": "SOL-USD-PERP",
    "side": "SELL",
    "order_type": "LIMIT",
    "size": Decimal("12.5"),
    "price": Decimal("143.21000001"),
}
AUTH = {"timestamp": 1_790_000_000, "expiration": 1_790_001_800}
# Computed once with the code that reproduced the vectors.
REGRESSION = {
    "public_key": 0x03DC50370C376C627BA1BF00B886A96142945C6DA98D8DD1851DEDB52F93DF29,
    "order": 0x06087872BE887508165A5B8FA51D7D4DEA2045C130F352D3A9FDD5798D9E92F2,
    "modify": 0x03DB7069C996DE997E602AB12D32DCBF8702020E28FA48716169E77AAD4C302C,
    "auth": 0x029E7E9232A96B05C315573195BFC9AB95CE88EC7A38A474060193392C3BDB5C,
    "onboarding": 0x07E2FC6497754A30D1CCE63A089CB0D993CBDF0FF5A8E56406A73851C1298BD6,
}


def load_vectors():
    if not VECTORS_PATH.exists():
        return []
    document = json.loads(VECTORS_PATH.read_text())
    return [pytest.param(document, vector, id=vector["name"]) for vector in document["vectors"]]


@pytest.fixture(scope="module")
def signer():
    return ParadexSigner(CHAIN_ID, ACCOUNT, PRIVATE_KEY)


def hash_of_vector(chain_id, account, vector):
    given_values = vector["input"]
    if vector["primaryType"] == "Constant":
        return onboarding_hash(chain_id, account)
    if vector["primaryType"] == "Request":
        return auth_hash(chain_id, account, **given_values)
    order = {
        "timestamp_ms": int(given_values["signature_timestamp"]),
        "market": given_values["market"],
        "side": given_values["order_side"],
        "order_type": given_values["order_type"],
        "size": Decimal(given_values["size"]),
        "price": Decimal(given_values.get("limit_price", "0")),
    }
    if vector["primaryType"] == "ModifyOrder":
        return modify_order_hash(chain_id, account, **order, order_id=given_values["order_id"])
    return order_hash(chain_id, account, **order)


@pytest.mark.skipif(not VECTORS_PATH.exists(), reason="../shared is not beside this checkout")
@pytest.mark.parametrize(("document", "vector"), load_vectors())
def test_the_sdks_vectors_are_reproduced_and_their_signatures_verify(document, vector):
    chain_felt = int(vector["typed_data"]["domain"]["chainId"], 16)
    chain_id = chain_felt.to_bytes(31).lstrip(b"\0").decode()
    account = int(document["l2_address"], 16)
    signer = ParadexSigner(chain_id, account, document["l2_private_key"])

    message_hash = hash_of_vector(chain_id, account, vector)

    assert hex(signer.public_key) == document["l2_public_key"]
    assert hex(message_hash) == vector["message_hash"]
    assert signer.verify(message_hash, parse_signature(vector["sig_seed0"]))
    assert signer.verify(message_hash, parse_signature(vector["sig_seed32"]))


def test_hashes_stay_what_they_were_when_the_vectors_passed(signer):
    assert signer.public_key == REGRESSION["public_key"]
    assert order_hash(CHAIN_ID, ACCOUNT, **ORDER) == REGRESSION["order"]
    assert modify_order_hash(CHAIN_ID, ACCOUNT, **ORDER, order_id="42") == REGRESSION["modify"]
    assert auth_hash(CHAIN_ID, ACCOUNT, **AUTH) == REGRESSION["auth"]
    assert onboarding_hash(CHAIN_ID, ACCOUNT) == REGRESSION["onboarding"]


@pytest.mark.parametrize(
    ("wire", "message_hash"),
    [
        pytest.param(
            lambda s: s.sign_order(**ORDER), order_hash(CHAIN_ID, ACCOUNT, **ORDER), id="order"
        ),
        pytest.param(
            lambda s: s.sign_modify_order(**ORDER, order_id="42"),
            modify_order_hash(CHAIN_ID, ACCOUNT, **ORDER, order_id="42"),
            id="modify",
        ),
        pytest.param(
            lambda s: s.sign_auth(**AUTH), auth_hash(CHAIN_ID, ACCOUNT, **AUTH), id="auth"
        ),
        pytest.param(
            lambda s: s.sign_onboarding(), onboarding_hash(CHAIN_ID, ACCOUNT), id="onboarding"
        ),
    ],
)
def test_a_convenience_signs_the_hash_of_its_name(signer, wire, message_hash):
    text = wire(signer)

    r, s = parse_signature(text)
    assert text == f'["{r}","{s}"]'
    assert signer.verify(message_hash, (r, s))
    assert not signer.verify(message_hash ^ 1, (r, s))


@given(
    st.fixed_dictionaries(
        {
            "timestamp_ms": st.integers(0, 2**63 - 1),
            "market": st.from_regex(r"\A[A-Za-z0-9-]{1,31}\Z"),
            "side": st.sampled_from(["BUY", "SELL"]),
            "order_type": st.sampled_from(["LIMIT", "MARKET", "STOP_LOSS_MARKET"]),
            "size": st.decimals(0, 10**12, places=8),
            "price": st.decimals(0, 10**12, places=8),
        }
    ),
    st.sampled_from(["timestamp_ms", "market", "side", "order_type", "size", "price"]),
)
@settings(max_examples=40)
def test_each_field_of_an_order_counts(order, name):
    other = {
        "timestamp_ms": order["timestamp_ms"] ^ 1,
        "market": "x" if order["market"] != "x" else "y",
        "side": "SELL" if order["side"] == "BUY" else "BUY",
        "order_type": "STOP_LIMIT",
        "size": order["size"] + Decimal("0.00000001"),
        "price": order["price"] + Decimal("0.00000001"),
    }

    changed = order | {name: other[name]}

    assert order_hash(CHAIN_ID, ACCOUNT, **changed) != order_hash(CHAIN_ID, ACCOUNT, **order)


@pytest.mark.parametrize("text", ["0.10", "0.1", "1E-1", "0.100000000000"])
def test_the_way_a_decimal_is_written_does_not_count(text):
    tenth = order_hash(CHAIN_ID, ACCOUNT, **(ORDER | {"size": Decimal("0.1")}))

    assert order_hash(CHAIN_ID, ACCOUNT, **(ORDER | {"size": Decimal(text)})) == tenth


def test_digits_beyond_the_decimal_context_are_exact():
    exact = Decimal("12345678901234567890123456789.12345678")
    neighbour = Decimal("12345678901234567890123456789.12345679")

    hashes = {
        order_hash(CHAIN_ID, ACCOUNT, **(ORDER | {"size": size})) for size in (exact, neighbour)
    }

    assert len(hashes) == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"size": Decimal("0.000000001")}, "size must be a multiple of 1e-8, was 1E-9"),
        ({"price": Decimal("-1")}, "price must not be negative, was -1"),
        ({"price": Decimal("NaN")}, "price must be a finite number, was NaN"),
        ({"price": Decimal("Infinity")}, "price must be a finite number, was Infinity"),
        ({"size": Decimal("1E+999999999")}, "size is too large to be signed"),
        ({"size": Decimal("1E-999999999")}, "size must be a multiple of 1e-8"),
        ({"size": Decimal(FIELD_PRIME)}, "size must be from 0 to the field prime"),
        ({"side": "buy"}, "side must be BUY or SELL, was 'buy'"),
        ({"market": ""}, "market must be 1 to 31 ASCII characters"),
        ({"market": "M" * 32}, "market must be 1 to 31 ASCII characters"),
        ({"market": "BTC–USD"}, "market must be 1 to 31 ASCII characters"),
        ({"order_type": "LIMIT" * 7}, "order_type must be 1 to 31 ASCII characters"),
        ({"timestamp_ms": -1}, "timestamp_ms must be from 0 to the field prime, was -1"),
    ],
)
def test_what_cannot_be_signed_is_named(change, message):
    with pytest.raises(SigningError, match=message):
        order_hash(CHAIN_ID, ACCOUNT, **(ORDER | change))


@pytest.mark.parametrize("order_id", ["", "12a", "-1", "0x12", "١٢", str(FIELD_PRIME), "9" * 5_000])
def test_an_order_id_that_is_no_number_is_refused(order_id):
    with pytest.raises(SigningError, match="order_id must be"):
        modify_order_hash(CHAIN_ID, ACCOUNT, **ORDER, order_id=order_id)


@pytest.mark.parametrize("account", [-1, FIELD_PRIME])
def test_an_account_out_of_range_is_refused(account):
    with pytest.raises(SigningError, match="account must be from 0"):
        ParadexSigner(CHAIN_ID, account, PRIVATE_KEY)


def test_a_chain_id_that_is_no_short_string_is_refused():
    with pytest.raises(SigningError, match="chain_id must be 1 to 31"):
        ParadexSigner("X" * 32, ACCOUNT, PRIVATE_KEY)


@pytest.mark.parametrize("key", [0, -1, CURVE_ORDER, CURVE_ORDER + 1, 2**256, "0x0", "-0x1"])
def test_a_key_off_the_curve_order_is_refused(key):
    with pytest.raises(SigningError, match="out of range"):
        parse_private_key(key)


@pytest.mark.parametrize("key", [1, CURVE_ORDER - 1, "0x1", " 0xABCdef ", "abc"])
def test_a_key_in_range_is_taken(key):
    assert 1 <= parse_private_key(key) < CURVE_ORDER


def test_no_message_or_repr_shows_the_key(signer):
    secret = "0xdeadbeefcafe-not-hex"
    with pytest.raises(SigningError) as malformed:
        parse_private_key(secret)
    with pytest.raises(SigningError) as too_large:
        parse_private_key(2**256 + 0xDEADBEEF)

    for text in (str(malformed.value), str(too_large.value)):
        assert "deadbeef" not in text.lower()
    assert malformed.value.__suppress_context__
    assert f"{PRIVATE_KEY:x}" not in repr(signer)
    assert str(PRIVATE_KEY) not in repr(signer)


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_signer_cannot_leave_its_process(signer, duplicate):
    with pytest.raises(TypeError, match="cannot be pickled"):
        duplicate(signer)


@pytest.mark.parametrize("message_hash", [-1, 2**251, FIELD_PRIME])
def test_a_hash_out_of_range_is_not_signed(signer, message_hash):
    with pytest.raises(SigningError, match="message hash must be"):
        signer.sign(message_hash)


boundaries = st.sampled_from(
    [0, 1, -1, 2**251 - 1, 2**251, CURVE_ORDER - 1, CURVE_ORDER, FIELD_PRIME - 1, FIELD_PRIME]
)
integers = boundaries | st.integers(-(2**257), 2**257) | st.integers(0, 2**251)


@given(public_key=integers, message_hash=integers, r=integers, s=integers)
@settings(max_examples=150)
def test_nothing_a_stranger_sends_raises(public_key, message_hash, r, s):
    # Over hash 0, which no message has, everybody can sign: r = s = public key.
    assume(message_hash != 0)
    assert verify_signature(public_key, message_hash, (r, s)) is False


@pytest.mark.parametrize("sign", [1, -1])
def test_a_signature_made_to_add_a_point_to_itself_or_its_opposite_is_false(signer, sign):
    # With r = ±hash / key the library's curve addition divides by zero and panics.
    inverse = pow(PRIVATE_KEY, -1, CURVE_ORDER)
    hashes = (n for n in range(1, 200) if 0 < sign * n * inverse % CURVE_ORDER < 2**251)
    message_hash = next(hashes)
    r = sign * message_hash * inverse % CURVE_ORDER

    assert signer.verify(message_hash, (r, 7)) is False


@given(key=st.integers(1, CURVE_ORDER - 1), message_hash=st.integers(0, 2**251 - 1))
@settings(max_examples=25)
def test_what_a_key_signs_only_its_public_key_verifies(key, message_hash):
    signer = ParadexSigner(CHAIN_ID, ACCOUNT, key)
    other = ParadexSigner(CHAIN_ID, ACCOUNT, key % (CURVE_ORDER - 1) + 1)
    # Two keys that add up to the curve order are opposite points with the same x.
    assume(other.public_key != signer.public_key)

    signature = signer.sign(message_hash)

    assert signature == signer.sign(message_hash)
    assert signer.verify(message_hash, signature)
    assert not other.verify(message_hash, signature)


@given(st.integers(0, 2**252), st.integers(0, 2**252))
def test_a_wire_signature_reads_back(r, s):
    assert parse_signature(wire_signature((r, s))) == (r, s)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("[" * 10_000, id="too deep"),
        pytest.param('["' + "9" * 5_000 + '","1"]', id="too long"),
        "null",
        "{}",
        "[]",
        '["1"]',
        '["1","2","3"]',
        "[1,2]",
        '["1","x"]',
        '["-1","2"]',
        '["١","1"]',
    ],
)
def test_a_malformed_wire_signature_is_refused(text):
    with pytest.raises(SigningError, match="a signature must look like"):
        parse_signature(text)
