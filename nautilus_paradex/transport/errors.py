"""What can become of a request: never sent, refused by the venue, or unknown.

The three classes are the contract of every command: who catches them knows what may be assumed
about the venue's state. Malformed messages and signatures have their own errors in `protocol`.
"""

from nautilus_paradex.protocol.errors import ParadexError
from nautilus_paradex.transport.rate_limit import LimitReport

__all__ = [
    "ClientClosedError",
    "CredentialsError",
    "NoTokenError",
    "NotFoundError",
    "NotSentError",
    "RateLimitedError",
    "RequestError",
    "ServerError",
    "SocketDownError",
    "ThrottledError",
    "TooManyPagesError",
    "UnauthorizedError",
    "UnknownOutcomeError",
    "VenueError",
    "describe",
    "venue_error",
]


class CredentialsError(ParadexError):
    """A key, address or token is missing or malformed."""


class RequestError(ParadexError):
    """A request failed; which subclass it is says what the venue can have seen of it."""


class NotSentError(RequestError):
    """The request never left this machine: it is safe to send it again."""


class ThrottledError(NotSentError):
    """The rate limit left no room for the request within its timeout."""


class NoTokenError(NotSentError):
    """There is no token for a private request; the tries to get one are used up."""


class ClientClosedError(NotSentError):
    """The client that should have sent the request is closed."""


class SocketDownError(NotSentError):
    """The socket that should have carried the request is down, and did not come back in time."""


class UnknownOutcomeError(RequestError):
    """The request may or may not have been executed: ask the venue before repeating it."""


class VenueError(RequestError):
    """
    The venue answered and refused.

    Parameters
    ----------
    status : int
        HTTP status.
    code : str or None
        The venue's error code; None where a gateway answered, or the venue left it out.
    message : str
        The venue's explanation, shortened.
    """

    def __init__(self, status: int, code: str | None, message: str) -> None:
        super().__init__(status, code, message)
        self.status = status
        self.code = code
        self.message = message

    def __str__(self) -> str:
        name = f"{self.status} {self.code}" if self.code else f"{self.status}"
        return f"{name}: {self.message}"


class UnauthorizedError(VenueError):
    """The token is missing, expired or not good for this request (401)."""


class NotFoundError(VenueError):
    """What was asked for does not exist, or is no longer open (404)."""


class ServerError(VenueError):
    """The venue, or a gateway before it, failed to answer a read (5xx, or no usable status)."""


class RateLimitedError(VenueError):
    """
    A rate limit is used up (HTTP 429, or 42901 over the socket): the request was not executed.

    Parameters
    ----------
    status : int
        HTTP status.
    code : str or None
        The venue's error code.
    message : str
        The venue's explanation, shortened.
    report : LimitReport
        What the reply's headers say of the limit; nothing over the socket.
    """

    def __init__(
        self,
        status: int,
        code: str | None,
        message: str,
        report: LimitReport = LimitReport(),  # noqa: B008 (immutable)
    ) -> None:
        super().__init__(status, code, message)
        self.report = report

    @property
    def retry_after_secs(self) -> float | None:
        """When the limit is free again, from the moment of the reply; None if it is not told."""
        return self.report.reset_secs


class TooManyPagesError(RequestError):
    """
    A list is longer than the caller was ready to read.

    Parameters
    ----------
    message : str
        What to do, for a person.
    items : tuple, default empty
        What was read of it.
    """

    def __init__(self, message: str, items: tuple[object, ...] = ()) -> None:
        super().__init__(message)
        self.items = items


_BY_STATUS: dict[int, type[VenueError]] = {
    401: UnauthorizedError,
    404: NotFoundError,
    429: RateLimitedError,
}


def venue_error(status: int, code: str | None, message: str) -> VenueError:
    """Return the error that stands for a refusal with this HTTP status."""
    fallback = VenueError if 400 <= status < 500 else ServerError
    return _BY_STATUS.get(status, fallback)(status, code, message)


def describe(error: BaseException) -> str:
    """Return an exception's text, with its class where the text alone says nothing."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
