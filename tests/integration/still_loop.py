"""An event loop whose clock stands still until a test moves it, with real sockets.

Not a test module. What can happen without time passing is done when `settle` returns: both ends of
the loopback connections live in the loop, so nothing is under way once it has run dry.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, Final

__all__ = ["StillLoop"]

_DRY_SECS: Final = 0.001  # real time in which the kernel would have handed over what was written
_STEP_SECS: Final = 0.02
_MAX_SECS: Final = 120.0


class StillLoop(asyncio.SelectorEventLoop):
    """
    Runs on demand, from synchronous code; timers go off by `pass_time` only.

    Where `has_sockets` is False nothing is waited for that comes from outside.
    """

    def __init__(self, *, has_sockets: bool = True) -> None:
        self._now_secs = 0.0
        super().__init__(_Watched(self.stop, _DRY_SECS if has_sockets else 0.0))

    def time(self) -> float:
        """Return the seconds that a test has let pass since the loop was made."""
        return self._now_secs

    def settle(self) -> None:
        """Do all that can be done without time passing."""
        self.run_forever()

    def pass_time(self, secs: float) -> None:
        """Move the clock on and do what is due."""
        self._now_secs += secs
        self.settle()

    def until(self, condition: Callable[[], object], step_secs: float = _STEP_SECS) -> None:
        """Let time pass until `condition` holds; fail if it does not within two minutes."""
        deadline = self._now_secs + _MAX_SECS
        self.settle()
        while not condition():
            assert self._now_secs < deadline, f"condition did not hold within {_MAX_SECS} s"
            self.pass_time(step_secs)

    def complete[T](self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine, letting time pass while it waits, and return its result."""
        task = self.create_task(coroutine)
        self.until(task.done)
        return task.result()


class _Watched(selectors.DefaultSelector):
    """Tells when nothing is ready: neither a callback nor a socket."""

    def __init__(self, on_dry: Callable[[], None], dry_secs: float) -> None:
        super().__init__()
        self._on_dry = on_dry
        self._dry_secs = dry_secs

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout == 0:
            return super().select(0)
        ready = super().select(self._dry_secs)
        if not ready:
            self._on_dry()
        return ready
