"""Shapes of an account's margin settings per market in the REST API. Source: openapi.

The account's collateral and requirements are in `rest`.
"""

import msgspec

from nautilus_paradex.protocol.numbers import Number

__all__ = ["MarginConfig", "MarginConfigs", "MarginRequest", "MarginUpdate"]


class MarginRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A change of one market's settings; `margin_type` is a `MarginType`. It is not signed."""

    leverage: int
    margin_type: str
    on_behalf_of_account: str | None = None


class MarginConfig(msgspec.Struct, frozen=True):
    """The settings of one market."""

    market: str | None = None
    leverage: Number = None
    isolated_margin_leverage: Number = None
    margin_type: str | None = None


class MarginConfigs(msgspec.Struct, frozen=True):
    """Reply to ``GET /account/margin``."""

    account: str | None = None
    configs: list[MarginConfig] | None = None
    margin_methodology: str | None = None


class MarginUpdate(msgspec.Struct, frozen=True):
    """Reply to ``POST /account/margin/{market}``: the settings as they are now."""

    account: str | None = None
    market: str | None = None
    leverage: Number = None
    margin_type: str | None = None
