"""Whose entries a client takes, where a token shows those of several accounts."""

import httpx
import pytest

from nautilus_paradex.protocol.rest import Fill, Page
from nautilus_paradex.transport.acting_account import ActingAccount
from nautilus_paradex.transport.credentials import ParadexCredentials
from nautilus_paradex.transport.errors import CredentialsError, NotSentError
from nautilus_paradex.transport.http import ParadexHttpClient

MAIN, ISOLATED = 0xABC123, 0xDEF456


@pytest.mark.parametrize(
    ("account", "of_main", "of_isolated"),
    [
        ("0xabc123", True, False),
        ("0x0000ABC123", True, False),
        ("0x00def456", False, True),
        ("0x77", False, False),
        ("nonsense", False, False),
        # Recorded fills name no account.
        (None, True, True),
        ("", True, True),
    ],
)
def test_an_entry_belongs_to_the_account_it_names(
    account: str | None, of_main: bool, of_isolated: bool
) -> None:
    assert ActingAccount(MAIN).owns(account) == of_main
    assert ActingAccount(MAIN, ISOLATED).owns(account) == of_isolated
    assert ActingAccount(None).owns(account)


def test_a_page_keeps_its_cursors_when_entries_are_left_out() -> None:
    page = Page([Fill(id="1", market="M", account="0xabc123"), Fill(id="2", market="M")], "n", "p")
    own = ActingAccount(MAIN, ISOLATED).own_page(page)
    assert ([fill.id for fill in own.results or ()], own.next, own.prev) == (["2"], "n", "p")


def test_an_address_that_is_none_is_refused_by_its_setting() -> None:
    with pytest.raises(CredentialsError, match="on_behalf_of_account must be"):
        ParadexHttpClient("http://venue.test/v1", on_behalf_of_account="main")


async def test_a_whole_markets_cancel_is_never_sent_for_an_isolated_account() -> None:
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200, json={})

    client = ParadexHttpClient(
        "http://venue.test/v1",
        credentials=ParadexCredentials(MAIN, 1),
        transport=httpx.MockTransport(answer),
        on_behalf_of_account=ISOLATED,
    )
    with pytest.raises(NotSentError, match="cancel those of the isolated account by their ids"):
        await client.cancel_all_orders("BTC-USD-PERP")
    assert requests == []
    await client.close()
