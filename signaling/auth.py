"""Who may sign in as an operator: accounts, passwords, and the tokens that stand for them."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import structlog
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from bridge.private_files import read_or_create_private, write_private
from signaling.accounts import MAX_PASSWORD, Account, Operator, account_key, operator_named
from signaling.errors import SignalingError
from signaling.ratelimit import TokenBuckets
from signaling.tokens import AuthError, issue_token, issue_viewer_token, read_token, read_viewer_token

__all__ = ["AuthError", "OperatorBook"]

log = structlog.get_logger()

DEMO_NAME = "demo"
DEMO_PASSWORD_FILE = "demo-password"
_ACCOUNTS_FILE = "operators.json"
_SECRET_FILE = "token-secret"
_HASHES_AT_ONCE = 2
"""Each takes 64 MiB and a core for some 50 ms."""
_WAITING_LOGINS = 64


class OperatorBook:
    """The operators of this process. Make it with `open`."""

    def __init__(
        self,
        hashes: Mapping[str, tuple[Operator, str]],
        *,
        secret: str,
        dummy_hash: str,
        hasher: PasswordHasher,
    ) -> None:
        self._hashes = dict(hashes)
        self._by_id = {operator.id: operator for operator, _ in hashes.values()}
        self._secret = secret
        self._dummy_hash = dummy_hash
        self._hasher = hasher
        self._hashing = asyncio.Semaphore(_HASHES_AT_ONCE)
        self._waiting = 0
        self._by_client = TokenBuckets(capacity=20, refill_s=6.0)
        # Many more than one client has, so that nobody locks a colleague out by guessing wrong.
        self._by_name = TokenBuckets(capacity=100, refill_s=2.0)

    @classmethod
    async def open(
        cls,
        accounts: Sequence[Account],
        data_dir: Path,
        *,
        announce: Callable[[str, str], None],
        hasher: PasswordHasher | None = None,
    ) -> OperatorBook:
        """Hash the accounts' passwords; without any account, use the demo one of `data_dir`.

        `announce(name, password)` is called once, when the demo account is made. Its password is also
        kept in `demo-password` in `data_dir`, mode 0600, so that `patchbay operator` on this machine
        can sign in. `hasher`: argon2's own recommendation unless given. Raises SignalingError
        (`bad_account_file`) for a damaged file.
        """
        hasher = hasher or PasswordHasher()
        secret = read_or_create_private(data_dir / _SECRET_FILE, lambda: secrets.token_hex(32))
        if len(secret) < 32:
            raise _damaged(data_dir / _SECRET_FILE, "a new secret is made at the next start")
        dummy_hash = await asyncio.to_thread(hasher.hash, secrets.token_hex(16))
        entries: dict[str, tuple[Operator, str]] = {}
        for account in accounts:
            password_hash = await asyncio.to_thread(hasher.hash, _bytes(account.password))
            entries[account_key(account.name)] = (operator_named(account.name), password_hash)
        if not accounts:
            password_hash = await asyncio.to_thread(_demo_hash, data_dir, hasher, announce)
            entries[DEMO_NAME] = (operator_named(DEMO_NAME), password_hash)
        return cls(entries, secret=secret, dummy_hash=dummy_hash, hasher=hasher)

    async def login(self, name: str, password: str, *, client: str, now: float) -> tuple[str, Operator]:
        """A token and its operator for the right password; never blocks the event loop.

        `client`: the address that asks; `now`: Unix seconds. Raises AuthError `wrong_login`, alike in
        words and time for an unknown name, or `too_many_attempts`. Only failures use up attempts.
        """
        client_key, name_key = _client_key(client), account_key(name)[:256]
        wait = self._by_client.take(client_key, now) or self._by_name.take(name_key, now)
        if wait or self._waiting >= _WAITING_LOGINS:
            log.warning("login_limited", client=client)
            raise AuthError(
                "Too many attempts to sign in: wait a moment.",
                code="too_many_attempts",
                retry_after=max(wait, 1.0),
            )
        operator, password_hash = self._hashes.get(name_key, (None, self._dummy_hash))
        self._waiting += 1
        try:
            async with self._hashing:
                right = await asyncio.to_thread(self._matches, password_hash, password)
        finally:
            self._waiting -= 1
        if operator is None or not right:
            log.info("login_refused", client=client)
            raise AuthError("This name and password do not belong together.", code="wrong_login")
        self._by_client.give_back(client_key)
        self._by_name.give_back(name_key)
        return self.issue_token(operator, now), operator

    def issue_token(self, operator: Operator, now: float) -> str:
        """A token for `operator`, good for 12 h from `now` (Unix seconds)."""
        return issue_token(operator, self._secret, now)

    def verify_token(self, token: object, now: float) -> Operator:
        """The operator whom `token` stands for. Raises AuthError: `expired_token` or `bad_token`.

        A token outlives a restart, but not the account that it was issued for.
        """
        operator = self._by_id.get(read_token(token, self._secret, now)["sub"])
        if operator is None:
            raise AuthError("The account of this sign-in token is gone.", code="bad_token")
        return operator

    def issue_viewer_token(self, thread_id: str, now: float) -> tuple[str, int]:
        """A token to read one thread with, good for 7 days from `now`, and its end; both in Unix seconds."""
        return issue_viewer_token(thread_id, self._secret, now)

    def verify_viewer_token(self, token: object, now: float) -> str:
        """The id of the one thread that `token` is for. Raises AuthError: `expired_token` or `bad_token`."""
        return read_viewer_token(token, self._secret, now)

    def _matches(self, password_hash: str, password: str) -> bool:
        # An over-long password costs as much as any other, and matches nothing.
        try:
            self._hasher.verify(password_hash, _bytes(password[: MAX_PASSWORD + 1]))
        except VerificationError:
            return False
        return True


def read_demo_password(data_dir: Path) -> str | None:
    """The demo account's password where a server on this machine made one, else None."""
    try:
        return (data_dir / DEMO_PASSWORD_FILE).read_text(encoding="utf-8").strip()
    except OSError:
        return None


def _demo_hash(data_dir: Path, hasher: PasswordHasher, announce: Callable[[str, str], None]) -> str:
    path = data_dir / _ACCOUNTS_FILE
    if not path.exists():
        password = secrets.token_urlsafe(9)
        write_private(data_dir / DEMO_PASSWORD_FILE, f"{password}\n")
        document = {"operators": [{"name": DEMO_NAME, "hash": hasher.hash(password)}]}
        write_private(path, json.dumps(document, indent=2))
        announce(DEMO_NAME, password)
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        password_hash = document["operators"][0]["hash"]
        hasher.check_needs_rehash(password_hash)
    except (ValueError, TypeError, LookupError, AttributeError, InvalidHashError) as error:
        raise _damaged(path, "a new demo account is made at the next start") from error
    return str(password_hash)


def _damaged(path: Path, remedy: str) -> SignalingError:
    return SignalingError(f"{path} is damaged: delete it, and {remedy}.", code="bad_account_file")


def _bytes(password: str) -> bytes:
    # JSON may carry lone surrogates, which UTF-8 proper refuses.
    return password.encode("utf-8", "surrogatepass")


def _client_key(client: str) -> str:
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return client[:256]
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is None:
        # Whoever has one IPv6 address usually has the whole /64.
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
