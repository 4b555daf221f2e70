"""Who may do what: Stark signatures of ``/auth`` and ``/onboarding``, and the tokens they earn.

Signatures of orders are checked in `signatures`; nothing here knows HTTP beyond header names.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import jwt

from nautilus_paradex.devnet.wire.errors import ApiError, unauthorized
from nautilus_paradex.protocol.enums import ErrorCode, TokenUsage
from nautilus_paradex.protocol.errors import SigningError
from nautilus_paradex.protocol.signing import (
    FIELD_PRIME,
    auth_hash,
    onboarding_hash,
    parse_signature,
    verify_signature,
)

__all__ = ["Authority", "Principal", "TokenError", "parse_felt"]

_ALGORITHM: Final = "HS256"
_ISSUER: Final = "Paradex devnet"
_READ_ONLY_SCOPE: Final = "read-only"
_READ_ONLY_TTL_SECS: Final = 365 * 86_400
# The venue's limits (openapi, PARADEX-SIGNATURE-EXPIRATION): 30 minutes if unset, a week at most.
_DEFAULT_EXPIRATION_SECS: Final = 30 * 60
_MAX_EXPIRATION_SECS: Final = 7 * 86_400
# How far ahead of the server a client's clock may be: a guess.
_MAX_CLOCK_AHEAD_SECS: Final = 30
_MAX_ACCOUNTS: Final = 1_000


class TokenError(Exception):
    """
    A bearer token that does not admit.

    Parameters
    ----------
    reason : str
        The venue's words for it.
    malformed : bool
        If the text was no token at all, as opposed to one that is expired or not ours.

    """

    def __init__(self, reason: str, *, malformed: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.malformed = malformed


@dataclass(frozen=True, slots=True)
class Principal:
    """
    The account behind a token, and what the token is for.

    Parameters
    ----------
    read_only : bool
        If it may only look.
    interactive : bool
        If its orders are retail orders.
    may_isolate : bool
        If it may trade for the isolated-margin accounts of the account.

    """

    account: str
    read_only: bool
    interactive: bool = False
    may_isolate: bool = False


@dataclass(slots=True)
class _Keys:
    main: int
    subkeys: set[int] = field(default_factory=set)

    def all(self) -> list[int]:
        return [self.main, *self.subkeys]


class Authority:
    """
    Registered keys, and tokens for them.

    Parameters
    ----------
    chain_id : str
        Part of what is signed.
    now_us : Callable
        The venue's clock, microseconds.
    jwt_ttl_secs : int
        Life of a token.

    """

    def __init__(self, chain_id: str, now_us: Callable[[], int], jwt_ttl_secs: int) -> None:
        self._chain_id = chain_id
        self._now_us = now_us
        self._ttl_secs = jwt_ttl_secs
        self._secret = secrets.token_bytes(32)
        self._keys: dict[str, _Keys] = {}

    def register(self, account: int, public_key: int) -> None:
        self._keys[hex(account)] = _Keys(public_key)

    def register_subkey(self, account: int, public_key: int) -> None:
        self._keys[hex(account)].subkeys.add(public_key)

    def public_keys(self, account: str) -> list[int]:
        """Return the keys that may sign for `account`, the main one first."""
        keys = self._keys.get(account)
        return [] if keys is None else keys.all()

    def sign_in(
        self,
        headers: Mapping[str, str],
        public_key: str | None,
        token_usage: str | None = None,
    ) -> str:
        """
        Check a signed ``POST /auth`` and return the token it earns.

        Parameters
        ----------
        headers : Mapping
            The four PARADEX headers.
        public_key : str, optional
            Last part of the path ``/auth/{public_key}``: the key that signed, main or subkey.
        token_usage : str, optional
            ``interactive`` for a token of the retail profile; it is not signed.

        Raises
        ------
        ApiError
            With the code of the first thing that is wrong.

        """
        if token_usage not in (None, TokenUsage.INTERACTIVE):
            raise ApiError(
                400,
                ErrorCode.INVALID_REQUEST_PARAMETER,
                f"token_usage: must be interactive or left out, was {token_usage[:40]!r}",
            )
        account = parse_felt(headers, "PARADEX-STARKNET-ACCOUNT", _BAD_ADDRESS)
        signature = _signature(headers)
        timestamp = _unix_secs(headers, "PARADEX-TIMESTAMP", None)
        expiration = _unix_secs(
            headers, "PARADEX-SIGNATURE-EXPIRATION", timestamp + _DEFAULT_EXPIRATION_SECS
        )
        self._check_times(timestamp, expiration)
        key = self._signing_key(hex(account), public_key)
        message = auth_hash(self._chain_id, account, timestamp=timestamp, expiration=expiration)
        if not verify_signature(key, message, signature):
            raise _verification_failed()
        isolated = headers.get("PARADEX-AUTHORIZE-ISOLATED-MARKETS", "").lower() == "true"
        return self.issue(
            hex(account),
            ttl_secs=self._ttl_secs,
            interactive=token_usage is not None,
            may_isolate=isolated,
        )

    def onboard(self, headers: Mapping[str, str], public_key: str) -> int | None:
        """
        Check a signed ``POST /onboarding``; return the account if it is new, else None.

        Raises
        ------
        ApiError
            With the code of the first thing that is wrong.

        """
        account = parse_felt(headers, "PARADEX-STARKNET-ACCOUNT", _BAD_ADDRESS)
        key = parse_felt({"public_key": public_key}, "public_key", _BAD_KEY)
        if not verify_signature(key, onboarding_hash(self._chain_id, account), _signature(headers)):
            raise _verification_failed()
        known = self._keys.get(hex(account))
        if known is not None and known.main != key:
            raise ApiError(400, _BAD_KEY, "account is onboarded with another public key")
        if known is not None:
            return None
        if len(self._keys) >= _MAX_ACCOUNTS:
            raise ApiError(
                400, ErrorCode.REQUEST_NOT_ALLOWED, f"this devnet holds {_MAX_ACCOUNTS} accounts"
            )
        self.register(account, key)
        return account

    def issue(
        self,
        account: str,
        *,
        ttl_secs: int,
        interactive: bool = False,
        may_isolate: bool = False,
    ) -> str:
        """Return a token for `account` that lives `ttl_secs` from now."""
        extra = {"token_usage": TokenUsage.INTERACTIVE.value} if interactive else {}
        if may_isolate:
            extra["isolated_markets"] = "true"
        return self._encode(account, ttl_secs, extra)

    def issue_read_only(self, account: str) -> str:
        """Return a long-lived token for reading only (api-notes, "Authentication")."""
        return self._encode(account, _READ_ONLY_TTL_SECS, {"scope": _READ_ONLY_SCOPE})

    def admit(self, token: str) -> Principal:
        """
        Return who holds `token`.

        Raises
        ------
        TokenError
            If it is malformed, not ours, or expired.

        """
        try:
            claims = jwt.decode(
                token,
                self._secret,
                algorithms=[_ALGORITHM],
                issuer=_ISSUER,
                # The venue's clock decides, not the machine's: see below.
                options={"require": ["exp", "sub"], "verify_exp": False, "verify_iat": False},
            )
        except jwt.InvalidSignatureError as e:
            raise TokenError("signature is invalid") from e
        except jwt.PyJWTError as e:
            raise TokenError("token contains an invalid number of segments", malformed=True) from e
        overdue_us = self._now_us() - int(claims["exp"]) * 1_000_000
        if overdue_us >= 0:
            raise TokenError(f"token is expired by {overdue_us / 1e6:.6f}s")
        return Principal(
            str(claims["sub"]),
            read_only=claims.get("scope") == _READ_ONLY_SCOPE,
            interactive=claims.get("token_usage") == TokenUsage.INTERACTIVE,
            may_isolate=claims.get("isolated_markets") == "true",
        )

    def admit_header(self, authorization: str | None) -> Principal:
        """
        Return who sent the header ``Authorization: Bearer …``.

        Raises
        ------
        ApiError
            401, in the words of the venue's gateway.

        """
        if authorization is None:
            raise ApiError(
                401,
                ErrorCode.INVALID_TOKEN,
                "invalid bearer jwt: missing value in request header",
            )
        scheme, _, token = authorization.partition(" ")
        if scheme != "Bearer":
            raise unauthorized("authorization header is not a bearer token")
        try:
            return self.admit(token)
        except TokenError as e:
            raise unauthorized(e.reason) from e

    def _check_times(self, timestamp: int, expiration: int) -> None:
        now = self._now_us() // 1_000_000
        if timestamp > now + _MAX_CLOCK_AHEAD_SECS:
            raise ApiError(
                400,
                ErrorCode.INVALID_TIMESTAMP,
                f"signature timestamp is in the future: was {timestamp}, server time is {now}",
            )
        if not now < expiration <= timestamp + _MAX_EXPIRATION_SECS:
            raise ApiError(
                400,
                ErrorCode.INVALID_TIMESTAMP,
                f"signature expiration must be after server time {now} and at most a week after "
                f"the timestamp {timestamp}, was {expiration}",
            )

    def _signing_key(self, account: str, public_key: str | None) -> int:
        keys = self._keys.get(account)
        if keys is None:
            raise ApiError(
                400, ErrorCode.NOT_ONBOARDED, "User has never called /onboarding endpoint"
            )
        if public_key is None:
            return keys.main
        key = parse_felt({"public_key": public_key}, "public_key", _BAD_KEY)
        if key not in keys.all():
            raise ApiError(400, ErrorCode.INVALID_SUBKEY, "public key is no key of this account")
        return key

    def _encode(self, account: str, ttl_secs: int, extra: dict[str, str]) -> str:
        now = self._now_us() // 1_000_000
        claims = {
            "typ": "at+JWT",
            "iss": _ISSUER,
            "sub": account,
            "iat": now,
            "exp": now + ttl_secs,
            "jti": secrets.token_hex(8),
        }
        return jwt.encode(claims | extra, self._secret, algorithm=_ALGORITHM)


_BAD_ADDRESS: Final = ErrorCode.INVALID_STARKNET_ADDRESS
_BAD_KEY: Final = ErrorCode.PUBLIC_KEY_INVALID


def parse_felt(values: Mapping[str, str], name: str, code: str) -> int:
    """
    Return a field element written in hex.

    Raises
    ------
    ApiError
        400 with `code` if it is missing, no hex number, or out of range.

    """
    text = values.get(name)
    try:
        value = int(text, 16) if text is not None and text.startswith("0x") else 0
    except ValueError:
        value = 0
    if not 0 < value < FIELD_PRIME:
        raise ApiError(400, code, f"{name} must be a hex number below the field prime")
    return value


def _signature(headers: Mapping[str, str]) -> tuple[int, int]:
    try:
        return parse_signature(headers.get("PARADEX-STARKNET-SIGNATURE", ""))
    except SigningError as e:
        raise ApiError(400, ErrorCode.INVALID_STARKNET_SIGNATURE, str(e)) from e


def _unix_secs(headers: Mapping[str, str], name: str, default: int | None) -> int:
    text = headers.get(name)
    if text is None and default is not None:
        return default
    if text is None or not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise ApiError(
            400, ErrorCode.INVALID_TIMESTAMP, f"{name} must be a Unix time in seconds, was {text!r}"
        )
    return int(text)


def _verification_failed() -> ApiError:
    return ApiError(
        401,
        ErrorCode.STARKNET_SIGNATURE_VERIFICATION_FAILED,
        "signature does not verify with the account's public key: check chain id, account and key",
    )
