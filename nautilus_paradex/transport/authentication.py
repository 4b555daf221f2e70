"""Obtains a JWT from the venue with a signature.

When that is due is the session's business.
"""

from typing import Final
from urllib.parse import quote

from nautilus_paradex.protocol.enums import ErrorCode
from nautilus_paradex.protocol.rest import AuthReply
from nautilus_paradex.protocol.signing import ParadexSigner
from nautilus_paradex.transport.call import Call
from nautilus_paradex.transport.clock import VenueClock
from nautilus_paradex.transport.errors import RateLimitedError, ServerError, VenueError
from nautilus_paradex.transport.rate_limit import RateClass
from nautilus_paradex.transport.rest_caller import RestCaller

__all__ = ["Authenticator"]

# The venue's default; its maximum is a week (openapi). It limits the signature, not the token.
_SIGNATURE_LIFETIME_SECS: Final = 30 * 60


class Authenticator:
    """
    Posts ``/auth``, or ``/auth/{public_key}`` for a subkey.

    Whether a key is a subkey cannot be seen from it: the form that the credentials suggest is
    tried first, on a refusal the other one once, and the one that worked is kept.

    Parameters
    ----------
    caller : RestCaller
        Sends the request.
    signer : ParadexSigner
        Signs it, for the main account.
    clock : VenueClock
        The time in the signature.
    is_subkey : bool
        Which form to try first.
    token_usage : str, optional
        The profile that the token is for (`TokenUsage`); not part of what is signed (guess).
    authorize_isolated : bool
        If the token shall also be good for the account's isolated-margin accounts.
    """

    def __init__(
        self,
        caller: RestCaller,
        signer: ParadexSigner,
        clock: VenueClock,
        *,
        is_subkey: bool,
        token_usage: str | None = None,
        authorize_isolated: bool = False,
    ) -> None:
        self._caller = caller
        self._signer = signer
        self._clock = clock
        self._as_subkey = is_subkey
        self._params = {"token_usage": token_usage}
        self._headers = {"PARADEX-AUTHORIZE-ISOLATED-MARKETS": "true"} if authorize_isolated else {}
        self._is_settled = False

    async def fetch_token(self) -> str:
        """
        Return a new JWT.

        Raises
        ------
        VenueError
            If the venue refuses the account or its key.
        RequestError
            If it could not be asked.
        """
        try:
            token = await self._post(as_subkey=self._as_subkey)
        except VenueError as error:
            if self._is_settled or not _blames_the_key(error):
                raise _explained(error) from error
            token = await self._post_other_form(error)
        self._is_settled = True
        return token

    async def _post_other_form(self, first_error: VenueError) -> str:
        try:
            token = await self._post(as_subkey=not self._as_subkey)
        except VenueError:
            # The form that was asked for is the one whose refusal helps to understand.
            raise _explained(first_error) from first_error
        self._as_subkey = not self._as_subkey
        return token

    async def _post(self, *, as_subkey: bool) -> str:
        now_secs = self._clock.now_secs()
        expiration_secs = now_secs + _SIGNATURE_LIFETIME_SECS
        signature = self._signer.sign_auth(timestamp=now_secs, expiration=expiration_secs)
        key_part = f"/{quote(hex(self._signer.public_key))}" if as_subkey else ""
        call = Call(
            "POST",
            f"/auth{key_part}",
            RateClass.AUTH,
            params=self._params,
            headers={
                "PARADEX-STARKNET-ACCOUNT": hex(self._signer.account),
                "PARADEX-STARKNET-SIGNATURE": signature,
                "PARADEX-TIMESTAMP": str(now_secs),
                "PARADEX-SIGNATURE-EXPIRATION": str(expiration_secs),
                **self._headers,
            },
            repeatable=True,
        )
        reply = await self._caller.fetch(call, AuthReply)
        return reply.jwt_token


def _blames_the_key(error: VenueError) -> bool:
    if isinstance(error, RateLimitedError | ServerError):
        return False
    return error.code != ErrorCode.NOT_ONBOARDED


def _explained(error: VenueError) -> VenueError:
    if error.code != ErrorCode.NOT_ONBOARDED:
        return error
    return VenueError(
        error.status,
        error.code,
        f"{error.message}. Log in once at the venue's web site with the account's wallet, "
        "or call ParadexHttpClient.onboard with its Ethereum address",
    )
