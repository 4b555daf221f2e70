"""From the payload of one data message to a decoded one, whichever encoding it came in."""

from typing import NamedTuple

from websockets.frames import Opcode

from nautilus_paradex.protocol import json_feed, rpc, sbe
from nautilus_paradex.protocol.errors import MessageError

__all__ = ["RawFrame", "decode_frame"]


class RawFrame(NamedTuple):
    """Payload of one data message and how it was sent."""

    payload: bytes
    opcode: Opcode


def decode_frame(frame: RawFrame) -> json_feed.Message | None:
    """
    Decode a data message: text is a JSON notification, binary is SBE.

    Returns
    -------
    Message or None
        None for a binary template that this version does not know.

    Raises
    ------
    ProtocolError
        If the frame is malformed.

    """
    if frame.opcode is Opcode.BINARY:
        return sbe.decode(frame.payload)
    notification = rpc.decode(frame.payload)
    if isinstance(notification, rpc.Response):
        raise MessageError(f"expected a notification, was the answer to request {notification.id}")
    return json_feed.decode_notification(notification)
