"""The devnet's own accounts: addresses and keys that derive from the seed.

They are toys of a local venue, printed on purpose; nothing of value may ever be kept under them.
"""

import hashlib
from dataclasses import dataclass
from typing import Final

from nautilus_paradex.protocol.signing import CURVE_ORDER, ParadexSigner

__all__ = ["DevnetAccount", "derive_accounts"]

_ADDRESS_BITS: Final = 250


@dataclass(frozen=True, slots=True)
class DevnetAccount:
    """An account whose private key everybody knows."""

    address: int
    private_key: int
    subkey: int
    isolated: int

    @property
    def isolated_hex(self) -> str:
        """Address of its isolated-margin account."""
        return hex(self.isolated)

    @property
    def address_hex(self) -> str:
        return hex(self.address)

    @property
    def private_key_hex(self) -> str:
        return hex(self.private_key)

    def signer(self, chain_id: str) -> ParadexSigner:
        return ParadexSigner(chain_id, self.address, self.private_key)

    def subkey_signer(self, chain_id: str) -> ParadexSigner:
        return ParadexSigner(chain_id, self.address, self.subkey)


def derive_accounts(seed: int, count: int) -> list[DevnetAccount]:
    """Return `count` accounts; the same seed always gives the same ones."""
    return [
        DevnetAccount(
            address=1 + _digest(seed, index, "address") % 2**_ADDRESS_BITS,
            private_key=1 + _digest(seed, index, "key") % (CURVE_ORDER - 1),
            subkey=1 + _digest(seed, index, "subkey") % (CURVE_ORDER - 1),
            isolated=1 + _digest(seed, index, "isolated") % 2**_ADDRESS_BITS,
        )
        for index in range(count)
    ]


def _digest(seed: int, index: int, purpose: str) -> int:
    text = f"paradex-nt devnet/{seed}/{index}/{purpose}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest())
