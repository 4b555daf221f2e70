"""Which venue a command talks to: an environment, or an address of its own."""

from typing import Final, NamedTuple
from urllib.parse import urlsplit

import click

from nautilus_paradex.cli.errors import BadInput
from nautilus_paradex.protocol.environment import ParadexEnvironment

__all__ = ["VenueAddress", "environment_option", "url_option", "venue_address"]

_HTTP_SCHEMES: Final = {"ws": "http", "wss": "https", "http": "http", "https": "https"}
_WS_SCHEMES: Final = {"ws": "ws", "wss": "wss", "http": "ws", "https": "wss"}

environment_option = click.option(
    "--environment",
    type=click.Choice([environment.value for environment in ParadexEnvironment]),
    default=None,
    help="The venue.",
)
url_option = click.option(
    "--url",
    default=None,
    metavar="URL",
    help="A venue with REST and WebSocket at one address, such as ws://127.0.0.1:8899/v1.",
)


class VenueAddress(NamedTuple):
    """Base addresses of a venue's REST and WebSocket API."""

    http_url: str
    ws_url: str


def venue_address(
    environment: str | None,
    url: str | None,
    default: ParadexEnvironment | None = None,
) -> VenueAddress | None:
    """
    Return the addresses that the options mean, those of `default` where there are no options.

    Raises
    ------
    BadInput
        If both options are given, or the address is none.

    """
    if environment is not None and url is not None:
        raise BadInput("give --environment or --url, not both")
    if url is not None:
        return _at(url)
    chosen = default if environment is None else ParadexEnvironment(environment)
    return None if chosen is None else VenueAddress(chosen.http_url, chosen.ws_url)


def _at(url: str) -> VenueAddress:
    try:
        parts = urlsplit(url)
        is_whole = parts.scheme in _HTTP_SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_whole = False
    if not is_whole:
        raise BadInput(f"--url must look like ws://host:port/v1, was {url!r}")
    return VenueAddress(
        parts._replace(scheme=_HTTP_SCHEMES[parts.scheme]).geturl(),
        parts._replace(scheme=_WS_SCHEMES[parts.scheme]).geturl(),
    )
