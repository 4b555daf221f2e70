"""Who trades: account, key and token, read from arguments or the environment and checked at once.

The only place that knows the environment variables. It signs nothing and fetches no token.
"""

import os
from collections.abc import Mapping
from typing import Final, Self

from nautilus_paradex.protocol.environment import ParadexEnvironment
from nautilus_paradex.protocol.errors import SigningError
from nautilus_paradex.protocol.signing import FIELD_PRIME, parse_private_key
from nautilus_paradex.transport.errors import CredentialsError

__all__ = ["ParadexCredentials", "environment_variable", "parse_address"]

_PREFIXES: Final = {
    ParadexEnvironment.MAINNET: "PARADEX_",
    ParadexEnvironment.TESTNET: "PARADEX_TESTNET_",
    ParadexEnvironment.DEVNET: "PARADEX_DEVNET_",
}
_ACCOUNT_ADDRESS: Final = "ACCOUNT_ADDRESS"
_PRIVATE_KEY: Final = "PRIVATE_KEY"
_READONLY_TOKEN: Final = "READONLY_TOKEN"  # noqa: S105 (the name of a variable)


def environment_variable(environment: ParadexEnvironment, name: str) -> str:
    """Return the variable that holds a setting, such as ``PARADEX_TESTNET_PRIVATE_KEY``."""
    return _PREFIXES[environment] + name


class ParadexCredentials:
    """
    One account and what proves the right to act for it. Immutable; its repr shows no secret.

    Parameters
    ----------
    account_address : int or str
        Starknet address of the main account (hex string or integer), also for a subkey.
    private_key : int or str, optional
        Stark key of the account, or a subkey's, which cannot withdraw and is the safer choice.
    readonly_token : str, optional
        Long-lived JWT for reading and private channels, without a key. A private key beside it
        goes first.
    is_subkey : bool, default False
        If `private_key` is a subkey. It only decides which form of ``/auth`` is tried first.

    Raises
    ------
    CredentialsError
        If a value is malformed, or neither key nor token is given. No message shows a secret.
    """

    __slots__ = ("_account_address", "_is_subkey", "_private_key", "_readonly_token")

    def __init__(
        self,
        account_address: int | str,
        private_key: int | str | None = None,
        readonly_token: str | None = None,
        is_subkey: bool = False,
    ) -> None:
        self._account_address = parse_address(account_address)
        self._private_key = _parse_key(private_key)
        self._readonly_token = _parse_token(readonly_token)
        self._is_subkey = is_subkey
        if self._private_key is None and self._readonly_token is None:
            raise CredentialsError(
                "private_key or readonly_token is needed beside account_address, both were missing"
            )

    @classmethod
    def resolve(
        cls,
        environment: ParadexEnvironment,
        *,
        account_address: int | str | None = None,
        private_key: int | str | None = None,
        readonly_token: str | None = None,
        is_subkey: bool = False,
        variables: Mapping[str, str] | None = None,
    ) -> Self:
        """
        Return credentials from arguments, and where these are None from environment variables.

        The variables are ``PARADEX_ACCOUNT_ADDRESS``, ``PARADEX_PRIVATE_KEY`` and
        ``PARADEX_READONLY_TOKEN`` for mainnet, with the prefixes ``PARADEX_TESTNET_`` and
        ``PARADEX_DEVNET_`` for the others.

        Parameters
        ----------
        environment : ParadexEnvironment
            Which variables are read.
        variables : mapping, optional
            Instead of ``os.environ``.

        Raises
        ------
        CredentialsError
            If something is missing or malformed; the message names the setting, and its variable
            where that was read or could be.
        """
        source = os.environ if variables is None else variables

        def setting(name: str) -> str | None:
            return source.get(environment_variable(environment, name), "").strip() or None

        address = account_address if account_address is not None else setting(_ACCOUNT_ADDRESS)
        key = private_key if private_key is not None else setting(_PRIVATE_KEY)
        token = readonly_token if readonly_token is not None else setting(_READONLY_TOKEN)
        if address is None:
            raise CredentialsError(_missing(environment, _ACCOUNT_ADDRESS))
        if key is None and token is None:
            raise CredentialsError(_missing(environment, _PRIVATE_KEY, _READONLY_TOKEN))
        return cls(
            parse_address(address, _source(environment, _ACCOUNT_ADDRESS, account_address)),
            _parse_key(key, _source(environment, _PRIVATE_KEY, private_key)),
            _parse_token(token, _source(environment, _READONLY_TOKEN, readonly_token)),
            is_subkey,
        )

    @property
    def account_address(self) -> int:
        """Address of the main account."""
        return self._account_address

    @property
    def account_hex(self) -> str:
        """Address of the main account as the venue writes it."""
        return f"{self._account_address:#x}"

    @property
    def private_key(self) -> int | None:
        """The Stark key, None for read-only credentials."""
        return self._private_key

    @property
    def readonly_token(self) -> str | None:
        """The long-lived JWT, None where there is only a key."""
        return self._readonly_token

    @property
    def is_subkey(self) -> bool:
        """Whether the key was said to be a subkey."""
        return self._is_subkey

    def __repr__(self) -> str:
        key, token = _redacted(self._private_key), _redacted(self._readonly_token)
        return (
            f"{type(self).__name__}({self.account_hex!r}, private_key={key}, "
            f"readonly_token={token}, is_subkey={self._is_subkey})"
        )


def parse_address(address: int | str, setting: str = "account_address") -> int:
    """
    Return the Starknet address of an account.

    Parameters
    ----------
    address : int or str
        The address, as a text in hex.
    setting : str
        What the message of an error calls it.

    Raises
    ------
    CredentialsError
        If it is no such address.
    """
    value = _hex_or_none(address) if isinstance(address, str) else address
    if value is None or not 0 < value < FIELD_PRIME:
        raise CredentialsError(
            f"{setting} must be the account's Starknet address on Paradex (0x and up to 64 "
            f"hex digits, below the field prime), was {_shown(str(address))}"
        )
    return value


def _missing(environment: ParadexEnvironment, *names: str) -> str:
    settings = " or ".join(name.lower() for name in names)
    variables = " or ".join(environment_variable(environment, name) for name in names)
    return (
        f"{settings} is missing for {environment.value}: give it in the config or set {variables}"
    )


def _source(environment: ParadexEnvironment, name: str, given: object) -> str:
    """How a message calls a setting: with its variable, if it was read from that."""
    setting = name.lower()
    if given is not None:
        return setting
    return f"{setting} ({environment_variable(environment, name)})"


def _redacted(secret: object) -> str:
    return "None" if secret is None else "'***'"


def _shown(address: str) -> str:
    # A key pasted into the wrong field must not come out in a log.
    return repr(address) if len(address) <= 12 else f"a value of {len(address)} characters"


def _parse_key(private_key: int | str | None, setting: str = "private_key") -> int | None:
    if private_key is None:
        return None
    try:
        return parse_private_key(private_key)
    except SigningError as error:
        raise CredentialsError(f"{setting} cannot be used: {error}") from None


def _parse_token(token: str | None, setting: str = "readonly_token") -> str | None:
    if token is None:
        return None
    token = token.strip()
    if not token.isascii() or not token.isprintable() or token.count(".") != 2 or " " in token:
        raise CredentialsError(
            f"{setting} must be a JWT: three base64 parts with dots between them"
        )
    return token


def _hex_or_none(text: str) -> int | None:
    try:
        return int(text.strip(), 16)
    except ValueError:
        return None
