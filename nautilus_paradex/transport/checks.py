"""Checks of settings that several transports have. What they mean is explained where they are."""

from urllib.parse import SplitResult, urlsplit

__all__ = ["check_positive", "check_proxy", "split_url"]

_PROXY_SCHEMES = ("http", "https")


def check_positive(**settings: float | None) -> None:
    """
    Refuse settings that are not above 0. None stands for "switched off" and passes.

    Raises
    ------
    ValueError
        Naming the first such setting.
    """
    for name, value in settings.items():
        # So written, because no comparison with NaN holds.
        if value is not None and not value > 0:
            raise ValueError(f"{name} must be above 0, was {value}")


def check_proxy(proxy_url: str | None) -> None:
    """
    Refuse what is no address of an HTTP proxy, the one kind that REST and WebSocket both know.

    Raises
    ------
    ValueError
        Its text leaves the address out, which may hold a password.
    """
    if proxy_url is None:
        return
    parts = split_url(proxy_url)
    if parts is None:
        raise ValueError("proxy_url must look like http://host:port")
    if parts.scheme not in _PROXY_SCHEMES:
        raise ValueError(f"proxy_url must be http://host:port, its scheme was {parts.scheme!r}")


def split_url(url: str) -> SplitResult | None:
    """Take an address apart; None if it names no host, or no port that there can be."""
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return parts if has_host else None
