"""Endpoints that only a devnet has, under ``/devnet``: faults, acts, ground truth, accounts.

They need no token; the server listens on loopback only.
"""

from collections.abc import Sequence

import msgspec
from aiohttp import web

from nautilus_paradex.devnet.acts import ACT_KINDS, ActError, perform
from nautilus_paradex.devnet.engine.exchange import Exchange
from nautilus_paradex.devnet.faults import (
    FAULT_KINDS,
    Clear,
    DropSockets,
    FaultError,
    Faults,
    parse_fault,
)
from nautilus_paradex.devnet.identities import DevnetAccount
from nautilus_paradex.devnet.sockets.endpoint import Sockets
from nautilus_paradex.devnet.wire.auth import Authority

__all__ = ["DevnetApi"]


class DevnetApi:
    """
    The devnet's own endpoints.

    Parameters
    ----------
    exchange : Exchange
        Has the ledger, and carries out acts.
    authority : Authority
        Issues read-only tokens.
    faults : Faults
        Where faults of requests wait.
    sockets : Sockets
        What faults of sockets hit.
    accounts : Sequence
        The accounts that derive from the seed.

    """

    def __init__(
        self,
        exchange: Exchange,
        authority: Authority,
        faults: Faults,
        sockets: Sockets,
        accounts: Sequence[DevnetAccount],
    ) -> None:
        self._exchange = exchange
        self._authority = authority
        self._faults = faults
        self._sockets = sockets
        self._accounts = accounts

    def install(self, app: web.Application) -> None:
        app.router.add_get("/devnet/ledger", self._ledger)
        app.router.add_get("/devnet/accounts", self._list_accounts)
        app.router.add_get("/devnet/faults", self._list_faults)
        app.router.add_post("/devnet/faults", self._add_fault)
        app.router.add_post("/devnet/acts", self._act)

    async def _ledger(self, request: web.Request) -> web.Response:
        return _json(200, self._exchange.ledger())

    async def _list_accounts(self, request: web.Request) -> web.Response:
        accounts = [
            {
                "address": account.address_hex,
                "private_key": account.private_key_hex,
                "isolated_account": account.isolated_hex,
                "subkey": hex(account.subkey),
                "readonly_token": self._authority.issue_read_only(account.address_hex),
            }
            for account in self._accounts
        ]
        return _json(200, {"accounts": accounts})

    async def _list_faults(self, request: web.Request) -> web.Response:
        return _json(200, {"kinds": FAULT_KINDS, "waiting": self._faults.waiting()})

    async def _add_fault(self, request: web.Request) -> web.Response:
        try:
            fault = parse_fault(await request.read())
            if isinstance(fault, DropSockets):
                return _json(200, {"dropped": self._sockets.drop_all()})
            if isinstance(fault, Clear):
                self._faults.clear()
            else:
                self._faults.add(fault)
        except FaultError as e:
            return _json(400, {"message": str(e), "kinds": FAULT_KINDS})
        return _json(200, {"waiting": len(self._faults.waiting())})

    async def _act(self, request: web.Request) -> web.Response:
        try:
            return _json(200, perform(self._exchange.interventions, await request.read()))
        except ActError as e:
            return _json(400, {"message": str(e), "kinds": ACT_KINDS})


def _json(status: int, body: object) -> web.Response:
    return web.Response(
        status=status, body=msgspec.json.encode(body), content_type="application/json"
    )
