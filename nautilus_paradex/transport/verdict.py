"""What a reply that is no success says about its call.

The errors themselves, and what each allows the caller to assume, are in `errors`.
"""

from typing import Final

import httpx
import msgspec

from nautilus_paradex.protocol.rest import ErrorBody
from nautilus_paradex.transport.call import Call
from nautilus_paradex.transport.errors import (
    RateLimitedError,
    RequestError,
    UnknownOutcomeError,
    venue_error,
)
from nautilus_paradex.transport.rate_limit import LimitReport

__all__ = ["failure_of", "rate_limited"]

_MAX_MESSAGE: Final = 300
_REQUEST_TIMEOUT: Final = 408  # a gateway gave up waiting, though the venue may have not
_error_decoder: Final = msgspec.json.Decoder(ErrorBody)


def failure_of(call: Call, response: httpx.Response) -> RequestError:
    """
    Return what an unsuccessful reply means.

    For a command only a 4xx is a refusal: after anything else it may have been executed.
    """
    status = response.status_code
    code, message = _read_refusal(response)
    error = venue_error(status, code, message)
    refused = 400 <= status < 500 and status != _REQUEST_TIMEOUT
    if refused or call.repeatable:
        return error
    return UnknownOutcomeError(f"{call} got no verdict: {error}")


def rate_limited(response: httpx.Response, report: LimitReport) -> RateLimitedError:
    """Return the error of a 429."""
    code, message = _read_refusal(response)
    return RateLimitedError(response.status_code, code, message, report)


def _read_refusal(response: httpx.Response) -> tuple[str | None, str]:
    try:
        body = _error_decoder.decode(response.content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        # A gateway's page. Its first words are all that a log has use for.
        return None, _shorten(response.text) or response.reason_phrase
    return body.error or None, _shorten(body.message or "") or response.reason_phrase


def _shorten(text: str) -> str:
    words = " ".join(text[: 4 * _MAX_MESSAGE].split())
    return words if len(words) <= _MAX_MESSAGE else f"{words[:_MAX_MESSAGE]}..."
