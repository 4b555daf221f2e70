"""Features of the venue by params and tags: read once, checked by name."""

from decimal import Decimal

import pytest

from nautilus_paradex.parsing.order_params import (
    NO_FEATURES,
    OrderFeatures,
    OrderParamError,
    features_of,
    unknown_params,
)


@pytest.mark.parametrize(
    ("params", "features"),
    [
        (None, {}),
        ({}, {}),
        ({"tpsl": True}, {"tpsl": True}),
        ({"tpsl": "true"}, {"tpsl": True}),
        ({"rpi": True, "mmp": False}, {"rpi": True}),
        ({"stp": "EXPIRE_MAKER"}, {"stp": "EXPIRE_MAKER"}),
        ({"recv_window_ms": 10}, {"recv_window_ms": 10}),
        ({"recv_window_ms": "500"}, {"recv_window_ms": 500}),
        ({"vwap_price": "62000.5"}, {"vwap_price": Decimal("62000.5")}),
        ({"vwap_price": 62_000}, {"vwap_price": Decimal(62_000)}),
        ({"dime_discount": True}, {"dime_discount": True}),
        ({"leverage": 3}, {}),
    ],
)
def test_params_are_read(params: dict[str, object] | None, features: dict[str, object]) -> None:
    assert features_of(params, None) == OrderFeatures(**features)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"tpsl": "yes"}, "INVALID_PARAM: tpsl=yes"),
        ({"tpsl": 1}, "INVALID_PARAM: tpsl=1"),
        ({"rpi": None}, "INVALID_PARAM: rpi=None"),
        ({"stp": "EXPIRE_NOBODY"}, "INVALID_PARAM: stp=EXPIRE_NOBODY"),
        ({"stp": ["EXPIRE_MAKER"]}, "INVALID_PARAM: stp=['EXPIRE_MAKER']"),
        ({"recv_window_ms": 9}, "INVALID_PARAM: recv_window_ms=9"),
        ({"recv_window_ms": 10.5}, "INVALID_PARAM: recv_window_ms=10.5"),
        ({"recv_window_ms": True}, "INVALID_PARAM: recv_window_ms=True"),
        ({"recv_window_ms": "soon"}, "INVALID_PARAM: recv_window_ms=soon"),
        ({"vwap_price": 0}, "INVALID_PARAM: vwap_price=0"),
        ({"vwap_price": 62_000.5}, "INVALID_PARAM: vwap_price=62000.5"),
        ({"vwap_price": "NaN"}, "INVALID_PARAM: vwap_price=NaN"),
        ({"vwap_price": "0.000000001"}, "INVALID_PARAM: vwap_price=0.000000001"),
        ({"vwap_price": "a lot"}, "INVALID_PARAM: vwap_price=a lot"),
        ({"gtd_as_gtc": True, "mmp": "maybe"}, "INVALID_PARAM: mmp=maybe"),
        ({"px_usd": "100.5"}, "UNSUPPORTED_PARAM: px_usd=100.5"),
        ({"px_vol": 0.8}, "UNSUPPORTED_PARAM: px_vol=0.8"),
        ({"order_iv": "0.8", "mmp": True}, "UNSUPPORTED_PARAM: order_iv=0.8"),
    ],
)
def test_a_value_that_is_none_of_its_kind_is_refused_by_name(
    params: dict[str, object],
    reason: str,
) -> None:
    with pytest.raises(OrderParamError) as refused:
        features_of(params, None)
    assert str(refused.value) == reason


def test_tags_say_the_same_and_params_go_before_them() -> None:
    tags = ["MOMENTUM", "paradex:rpi", "paradex:stp=EXPIRE_MAKER", "paradex:recv_window_ms=20"]
    assert features_of({"stp": "EXPIRE_BOTH"}, tags) == OrderFeatures(
        rpi=True,
        stp="EXPIRE_BOTH",
        recv_window_ms=20,
    )


def test_what_an_order_does_not_say_is_as_configured() -> None:
    defaults = OrderFeatures(stp="EXPIRE_BOTH", dime_discount=True, gtd_as_gtc=True)
    assert features_of(None, [], defaults) is defaults
    asked = features_of({"dime_discount": False}, None, defaults)
    assert asked == OrderFeatures(stp="EXPIRE_BOTH", gtd_as_gtc=True)


def test_an_order_cannot_switch_what_only_the_configuration_may() -> None:
    assert features_of({"gtd_as_gtc": True}, None) == NO_FEATURES


def test_what_means_nothing_here_is_named() -> None:
    tags = ["MOMENTUM", "paradex:colour=blue", "paradex:rpi"]
    assert unknown_params({"note": "x", "stp": "EXPIRE_BOTH"}, tags) == ["colour", "note"]
    assert unknown_params(None, None) == []
