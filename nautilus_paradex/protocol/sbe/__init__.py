"""
The binary market data codec (Simple Binary Encoding, schema 1, versions 0 to 2).

`layouts` and `vocabulary` hold the schema as tables, `decoder` and `encoder` work from them. Not
for JSON, and not for deciding which of the two a frame is: the opcode tells.
"""

from nautilus_paradex.protocol.sbe.decoder import decode, peek_template
from nautilus_paradex.protocol.sbe.encoder import encode

__all__ = ["decode", "encode", "peek_template"]
