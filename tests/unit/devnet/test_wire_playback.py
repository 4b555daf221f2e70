"""How long a playback waits between the frames of a recording."""

import pytest

from nautilus_paradex.devnet.replay import ReplayMarket, TimedFrame
from nautilus_paradex.devnet.sockets import playback
from nautilus_paradex.devnet.sockets.hub import WireForm
from nautilus_paradex.protocol.events import BookEvent


class Listener:
    """Takes frames and remembers them."""

    form = WireForm(1)

    def __init__(self):
        self.frames = []

    async def put(self, frame):
        self.frames.append(frame)


@pytest.fixture
def waits(monkeypatch):
    """The waits that were asked for; none is really waited."""
    asked = []

    async def record(delay_secs):
        asked.append(delay_secs)

    monkeypatch.setattr(playback.asyncio, "sleep", record)
    return asked


@pytest.mark.parametrize("speed", [1.0, 4.0])
async def test_the_recorded_times_are_kept_and_divided_by_the_speed(waits, speed):
    recorded_secs = (0, 1_000, 1_000, 5_000)
    frames = [
        TimedFrame(
            7 + secs * 10**9,
            bytes([seq]),
            BookEvent(ts=1, seq=seq, pkg_type="DELTA" if seq else "SNAPSHOT", market="M"),
        )
        for seq, secs in enumerate(recorded_secs)
    ]
    listener = Listener()
    await playback.play_book(ReplayMarket("M", frames), speed, listener)
    assert listener.frames == [frame.data for frame in frames]
    assert waits == pytest.approx([secs / speed for secs in recorded_secs], abs=1)
