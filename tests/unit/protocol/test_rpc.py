"""The control plane's messages, read and written."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus_paradex.protocol import rpc
from nautilus_paradex.protocol.errors import MessageError


def test_confirmation_as_production_sends_it() -> None:
    text = (
        '{"jsonrpc":"2.0","id":1,"result":{"channel":"bbo.BTC-USD-PERP"},'
        '"usIn":1791421923316695,"usDiff":113,"usOut":1791421923316808}'
    )

    response = rpc.decode(text)

    assert isinstance(response, rpc.Response)
    assert response.id == 1
    assert response.error is None
    assert response.result_as(dict[str, str]) == {"channel": "bbo.BTC-USD-PERP"}
    assert (response.us_in, response.us_out) == (1791421923316695, 1791421923316808)


def test_refusal_carries_code_message_and_data() -> None:
    text = (
        '{"jsonrpc":"2.0","id":0,"error":{"code":-32600,"message":"invalid subscribe request",'
        '"data":"invalid channel"},"usIn":1,"usDiff":2,"usOut":3}'
    )

    response = rpc.decode(text)

    assert isinstance(response, rpc.Response)
    assert response.error is not None
    assert (response.error.code, response.error.data) == (-32600, "invalid channel")
    assert str(response.error) == "venue error -32600: invalid subscribe request (invalid channel)"
    with pytest.raises(rpc.RpcError):
        response.result_as(dict[str, str])


@pytest.mark.parametrize(
    ("data", "expected"),
    [("null", None), ('"x"', "x"), ('{"a":1}', '{"a":1}'), ("7", "7")],
)
def test_data_of_a_refusal_may_be_anything(data: str, expected: str | None) -> None:
    response = rpc.decode(f'{{"id":1,"error":{{"code":1,"message":"m","data":{data}}}}}')

    assert isinstance(response, rpc.Response)
    assert response.error is not None
    assert response.error.data == expected


@pytest.mark.parametrize(
    "text",
    [
        '{"jsonrpc":"2.0","method":"subscription","params":{"channel":"fills.ALL","data":{"a":1}}}',
        '{"params":{"data":{"a":1},"channel":"fills.ALL","more":0},"method":"subscription"}',
    ],
)
def test_notification_keeps_its_data_raw(text: str) -> None:
    message = rpc.decode(text)

    assert isinstance(message, rpc.Notification)
    assert message.channel == "fills.ALL"
    assert bytes(message.data) == b'{"a":1}'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "nonsense",
        '{"id":',
        '{"jsonrpc":"2.0","method":"subscription"}',
        '{"method":"subscription","params":{"channel":"x"}}',
        '{"id":1,"error":"no object"}',
        b"\xff\xfe",
    ],
)
def test_what_is_no_message_is_an_error_of_its_own(text: str | bytes) -> None:
    with pytest.raises(MessageError):
        rpc.decode(text)


@given(st.text())
def test_any_text_is_either_a_message_or_a_message_error(text: str) -> None:
    try:
        rpc.decode(text)
    except MessageError:
        return


def test_request_survives_the_way_to_the_venue() -> None:
    text = rpc.encode_request("subscribe", {"channel": "bbo.X", "markets": ["X"]}, 7)

    request = rpc.decode_request(text)

    assert (request.method, request.id) == ("subscribe", 7)
    assert msgspec.json.decode(request.params) == {"channel": "bbo.X", "markets": ["X"]}


def test_answers_of_the_venue_survive_the_way_back() -> None:
    granted = rpc.decode(rpc.encode_result(7, {"channel": "x"}, us_in=10, us_out=13))
    refused = rpc.decode(rpc.encode_error(None, -32700, "Parse error"))
    notified = rpc.decode(rpc.encode_notification("trades.X", {"id": "1"}))

    assert isinstance(granted, rpc.Response)
    assert (granted.id, granted.us_in, granted.us_out) == (7, 10, 13)
    assert isinstance(refused, rpc.Response)
    assert refused.id is None
    assert refused.error is not None
    assert refused.error.code == -32700
    assert refused.error.data is None
    assert isinstance(notified, rpc.Notification)
    assert notified.channel == "trades.X"


def test_result_of_another_shape_is_a_message_error() -> None:
    response = rpc.decode('{"id":3,"result":{"channel":5}}')

    assert isinstance(response, rpc.Response)
    with pytest.raises(MessageError, match="request 3"):
        response.result_as(dict[str, str])
