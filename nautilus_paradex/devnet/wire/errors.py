"""How the devnet says no over REST: a status, the venue's code and a sentence.

Not the engine's refusals: those are raised there and become one of these at the border.
"""

from __future__ import annotations

__all__ = ["ApiError", "rate_limited", "unauthorized"]


class ApiError(Exception):
    """An answer other than success.

    Parameters
    ----------
    status : int
        HTTP status.
    code : str or None
        The venue's error code. None leaves the key out, as its gateway does (captures).
    message : str
        For a person.
    """

    def __init__(self, status: int, code: str | None, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message

    def body(self) -> dict[str, str]:
        if self.code is None:
            return {"message": self.message}
        return {"error": self.code, "message": self.message}


def unauthorized(reason: str) -> ApiError:
    """Answer of the gateway to a bad token; it carries no code (capture of ccxt issue 24259)."""
    return ApiError(401, None, f"missing or malformed jwt: {reason}")


def rate_limited() -> ApiError:
    """Answer to a request over the limit; it carries no code (capture)."""
    return ApiError(429, None, "rate limit exceeded")
