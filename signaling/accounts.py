"""Operators' accounts as a setting names them, and who an operator is to everybody else."""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import dataclass, field

MAX_NAME = 64
MAX_PASSWORD = 1024


@dataclass(frozen=True, slots=True)
class Account:
    """A name and its password in the clear, as `PATCHBAY_OPERATORS` has them."""

    name: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Operator:
    """Somebody who may take calls. `id` stays the same as long as the name does."""

    id: str
    name: str
    roles: tuple[str, ...] = ("operator",)

    def view(self) -> dict[str, object]:
        """`{id, name, roles}`, JSON-ready."""
        return {"id": self.id, "name": self.name, "roles": list(self.roles)}


def account_key(name: str) -> str:
    """What makes two spellings of a name the same account: case, blanks and composition do not count."""
    return unicodedata.normalize("NFC", name).strip().casefold()


def operator_named(name: str) -> Operator:
    """The operator whose account is called `name`."""
    digest = hashlib.sha256(account_key(name).encode("utf-8", "surrogatepass")).hexdigest()
    return Operator(id=f"op_{digest[:12]}", name=name)


def parse_accounts(text: str) -> tuple[Account, ...]:
    """Read `name:password,name:password`. Raises ValueError; its text quotes no password."""
    accounts: dict[str, Account] = {}
    for number, entry in enumerate(text.split(","), start=1):
        name, colon, password = (part.strip() for part in entry.partition(":"))
        if not (name and colon and password):
            raise ValueError(f"entry {number} is not name:password")
        if len(name) > MAX_NAME or not name.isprintable():
            raise ValueError(
                f"the name of entry {number} is unprintable or longer than {MAX_NAME} characters"
            )
        if len(password) > MAX_PASSWORD:
            raise ValueError(f"the password of entry {number} is longer than {MAX_PASSWORD} characters")
        if account_key(name) in accounts:
            raise ValueError(f"entry {number} repeats the name {name}")
        accounts[account_key(name)] = Account(name, password)
    return tuple(accounts.values())
