"""
Which encoding to ask the venue for, and in what order. No I/O.

The schema is chosen by the URL; a pair that the venue does not serve is answered with HTTP 400 at
connect, without a fallback of its own (source: api-notes). Only that answer steps down.
"""

from collections.abc import Iterator
from typing import Final, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

__all__ = ["JSON", "SCHEMA_VERSIONS", "Encoding", "Negotiation", "describe", "url_for"]

type Encoding = int | None
"""An SBE schema version, or None for plain JSON."""

SCHEMA_VERSIONS: Final = (2, 1, 0)
"""Schema versions that are asked for, newest first."""

JSON: Final = "json"
"""What a caller passes to force plain JSON."""

_SCHEMA_ID: Final = "1"


class Negotiation:
    """
    The order in which encodings are tried, and the memory of what was taken.

    Parameters
    ----------
    forced : int or "json", optional
        The only encoding to ask for. None negotiates.

    Raises
    ------
    ValueError
        If `forced` is neither a schema version nor "json".

    """

    def __init__(self, forced: int | Literal["json"] | None = None) -> None:
        if not (forced is None or forced == JSON or _is_version(forced)):
            raise ValueError(
                f"sbe_schema_version must be None, a version such as 2, or 'json', was {forced!r}"
            )
        self._forced = forced
        self._taken: tuple[Encoding] | None = None

    @property
    def is_forced(self) -> bool:
        """Whether there is only one encoding to try."""
        return self._forced is not None

    def candidates(self) -> Iterator[Encoding]:
        """Encodings to try, best first: what was taken last time, then the others."""
        if self._forced is not None:
            yield None if isinstance(self._forced, str) else self._forced
            return
        remembered = self._taken or ()
        yield from remembered
        yield from (each for each in (*SCHEMA_VERSIONS, None) if each not in remembered)

    def remember(self, encoding: Encoding) -> None:
        """Note that the venue took `encoding`."""
        self._taken = (encoding,)


def url_for(url: str, encoding: Encoding) -> str:
    """Add the schema parameters to `url`, keeping what its query already holds."""
    if encoding is None:
        return url
    parts = urlsplit(url)
    query = [
        *parse_qsl(parts.query),
        ("sbeSchemaId", _SCHEMA_ID),
        ("sbeSchemaVersion", str(encoding)),
    ]
    return urlunsplit(parts._replace(query=urlencode(query)))


def describe(encoding: Encoding) -> str:
    """Name an encoding for a person."""
    return "plain JSON" if encoding is None else f"SBE schema {_SCHEMA_ID}:{encoding}"


def _is_version(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 0xFFFF
