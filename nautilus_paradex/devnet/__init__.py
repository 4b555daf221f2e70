"""A local venue that speaks Paradex's protocol: for tests, demonstrations and practice.

Uses `protocol` and never the clients. `DevnetServer` is the way in.
"""

from nautilus_paradex.devnet.config import DevnetConfig, DevnetConfigError, RateLimits
from nautilus_paradex.devnet.server import DevnetServer

__all__ = ["DevnetConfig", "DevnetConfigError", "DevnetServer", "RateLimits"]
