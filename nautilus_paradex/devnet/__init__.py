"""A local venue that speaks Paradex's protocol: for tests, demonstrations and practice.

Uses `protocol` and never the clients. `DevnetServer` is the way in. Its rooms: `engine` the venue
without its wire, `wire` what both doors share, `rest` and `sockets` the two doors; beside them the
settings (`config`), the accounts (`identities`), recordings (`replay`) and faults.
"""

from nautilus_paradex.devnet.config import DevnetConfig, DevnetConfigError, RateLimits
from nautilus_paradex.devnet.server import DevnetServer

__all__ = ["DevnetConfig", "DevnetConfigError", "DevnetServer", "RateLimits"]
