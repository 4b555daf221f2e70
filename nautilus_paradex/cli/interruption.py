"""What Ctrl-C and SIGTERM do to a command: the end at once, an orderly one where it waits for it.

It knows nothing of venues and nodes: it cancels a task, or says that it is time to stop.
"""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

__all__ = ["Interruption"]

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """
    Listens for the signals that end a program.

    A signal cancels the task that made this object, whose `finally` blocks then clean up. Within
    `awaited` the first signal sets `requested` instead, and the second one cancels.

    Raises
    ------
    RuntimeError
        If made outside a task.

    """

    def __init__(self) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("an interruption is made within the task that it may cancel")
        self._task = task
        self._is_awaited = False
        self._signal: signal.Signals | None = None
        self.requested = asyncio.Event()

    @property
    def signal_name(self) -> str | None:
        """The signal that came first, None if none has."""
        return None if self._signal is None else self._signal.name

    @property
    def exit_status(self) -> int:
        """What a shell reports of a program that a signal has ended; 0 if none has come."""
        return 0 if self._signal is None else 128 + self._signal

    def listen(self) -> None:
        """Take the signals, also from a handler that was set in the meantime."""
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self._on_signal, number)

    @contextmanager
    def awaited(self) -> Iterator[None]:
        """Mark the time in which somebody looks at `requested`."""
        self._is_awaited = True
        try:
            yield
        finally:
            self._is_awaited = False

    def _on_signal(self, number: signal.Signals) -> None:
        is_first = self._signal is None
        if is_first:
            self._signal = number
        if self._is_awaited and is_first:
            self.requested.set()
        else:
            self._task.cancel()
