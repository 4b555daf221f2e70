"""Which account a client acts for, of those that its token shows.

The token is the main account's. With an isolated-margin account beside it, lists and channels may
hold entries of both (not documented), told apart by their `account` alone.
"""

from collections.abc import Iterable
from typing import Protocol

from nautilus_paradex.protocol.rest import Page

__all__ = ["ActingAccount", "Owned"]


class Owned(Protocol):
    """An entry that names its account, or leaves it out."""

    @property
    def account(self) -> str | None: ...


class ActingAccount:
    """
    The account that is traded for.

    Parameters
    ----------
    main : int, optional
        Address of the main account; without one every entry counts as the client's.
    isolated : int, optional
        Address of the isolated-margin account to act for instead.
    """

    __slots__ = ("_address", "is_isolated")

    def __init__(self, main: int | None, isolated: int | None = None) -> None:
        self._address = main if isolated is None else isolated
        self.is_isolated = isolated is not None

    @property
    def address(self) -> int | None:
        """The address of the account."""
        return self._address

    @property
    def hex(self) -> str:
        """The address as the venue writes it, empty where there is none."""
        return "" if self._address is None else f"{self._address:#x}"

    def owns(self, account: str | None) -> bool:
        """
        Whether an entry with this `account` is the client's; one that names none is (captures).

        The venue writes addresses with and without leading zeros.
        """
        if not account or self._address is None:
            return True
        try:
            return int(account, 16) == self._address
        except ValueError:
            return False

    def own[T: Owned](self, entries: Iterable[T] | None) -> list[T]:
        """Return the client's entries among `entries`."""
        return [entry for entry in entries or () if self.owns(entry.account)]

    def own_page[T: Owned](self, page: Page[T]) -> Page[T]:
        """Return a page with the client's entries only; its cursors stay."""
        return Page(self.own(page.results), page.next, page.prev)
