"""
The errors of everything below the network: what the wire or a signature can get wrong.

Not for failures of a request or a socket: those have their own tree in `transport.errors`, with
the same root, so that `except ParadexError` catches both.
"""

__all__ = [
    "MessageError",
    "ParadexError",
    "ProtocolError",
    "SbeDecodeError",
    "SbeEncodeError",
    "SigningError",
]


class ParadexError(Exception):
    """Root of every error that this package raises on purpose."""


class ProtocolError(ParadexError):
    """Something cannot be read from, or written to, the venue's wire."""


class MessageError(ProtocolError):
    """A JSON payload (REST or WebSocket) does not have the form the venue documents."""


class SbeDecodeError(ProtocolError):
    """A binary frame is malformed: it costs this frame and nothing else."""


class SbeEncodeError(ProtocolError):
    """An event cannot be written in the asked schema version."""


class SigningError(ProtocolError):
    """A key, a signature or a signed value is out of its range."""
