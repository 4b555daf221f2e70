"""What goes wrong with commands that are called directly, not through the platform's engine.

Such a command raises: there is no order whose events could tell. What a request can come to is in
`transport.errors`; here is only what this side adds to it.
"""

from collections.abc import Sequence

from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.transport.errors import RequestError, UnknownOutcomeError

__all__ = [
    "AmbiguousTwapError",
    "CommandDeniedError",
    "ReadingTimeoutError",
    "TwapNotAcceptedError",
]


class CommandDeniedError(ParadexError):
    """
    A command that the venue could not take; nothing was sent.

    Parameters
    ----------
    reason : str
        Of the form ``CODE: key=value``.

    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ReadingTimeoutError(ParadexError):
    """A mass status asked for while the node trades took longer than its order events may wait."""


class TwapNotAcceptedError(RequestError):
    """The answer to a TWAP was lost, and the venue shows none like it: it does not run."""


class AmbiguousTwapError(UnknownOutcomeError):
    """
    The answer to a TWAP was lost, and the venue shows several that could be it.

    Algo orders carry no client id: which of them is the one, or whether none is, cannot be known.

    Parameters
    ----------
    message : str
        What happened, for a person.
    algo_ids : sequence of str
        The ids of those that fit.

    """

    def __init__(self, message: str, algo_ids: Sequence[str]) -> None:
        super().__init__(message)
        self.algo_ids = tuple(algo_ids)
