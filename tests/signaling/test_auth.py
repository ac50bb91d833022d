from __future__ import annotations

import asyncio
import base64
import json
import stat
from pathlib import Path

import jwt
import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st

from signaling.accounts import Account, operator_named
from signaling.auth import AuthError, OperatorBook, read_demo_password
from signaling.errors import SignalingError
from signaling.tokens import AUDIENCE, ISSUER, LIFE_S, issue_token, read_token

NOW = 1_800_000_000.0
SECRET = "s" * 64
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
ANN = operator_named("Ann Lee")


async def open_book(data_dir: Path, *accounts: Account) -> OperatorBook:
    return await OperatorBook.open(accounts, data_dir, announce=lambda name, password: None, hasher=QUICK)


@pytest.fixture
async def book(tmp_path: Path) -> OperatorBook:
    return await open_book(tmp_path, Account("Ann Lee", "right: or wrong"), Account("bob", "b"))


async def code_of(book: OperatorBook, name: str, password: str, *, client: str = "192.0.2.1") -> str:
    with pytest.raises(AuthError) as refused:
        await book.login(name, password, client=client, now=NOW)
    return refused.value.code


async def test_the_right_password_gives_a_token_that_names_the_operator(book: OperatorBook) -> None:
    token, operator = await book.login("Ann Lee", "right: or wrong", client="192.0.2.1", now=NOW)

    assert operator.view() == {"id": ANN.id, "name": "Ann Lee", "roles": ["operator"]}
    assert book.verify_token(token, NOW) == operator


async def test_case_and_blanks_of_a_name_do_not_matter(book: OperatorBook) -> None:
    _, operator = await book.login(" ANN lee ", "right: or wrong", client="192.0.2.1", now=NOW)

    assert operator == ANN


async def test_an_operator_id_outlives_the_process_and_differs_between_names(tmp_path: Path) -> None:
    first = await open_book(tmp_path, Account("ann", "x"), Account("bob", "x"))
    second = await open_book(tmp_path, Account("ann", "changed"))
    _, ann = await first.login("ann", "x", client="c", now=NOW)
    _, bob = await first.login("bob", "x", client="c", now=NOW)
    _, ann_again = await second.login("ann", "changed", client="c", now=NOW)

    assert ann.id == ann_again.id
    assert ann.id != bob.id


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("Ann Lee", "wrong"),
        ("Ann Lee", ""),
        ("Ann Lee", "b"),
        ("nobody", "right: or wrong"),
        ("", ""),
        ("\ud800", "\ud800"),
        ("Ann Lee", "x" * 100_000),
    ],
)
async def test_a_wrong_login_is_refused_alike(book: OperatorBook, name: str, password: str) -> None:
    with pytest.raises(AuthError) as refused:
        await book.login(name, password, client="192.0.2.1", now=NOW)

    assert (refused.value.code, refused.value.status) == ("wrong_login", 401)
    assert refused.value.message == "This name and password do not belong together."


async def test_guessing_at_one_name_is_limited_whatever_the_address(book: OperatorBook) -> None:
    codes = [await code_of(book, "bob", "guess", client=f"192.0.2.{host}") for host in range(102)]

    assert codes == ["wrong_login"] * 100 + ["too_many_attempts"] * 2


async def test_one_client_s_guesses_do_not_lock_a_colleague_out(book: OperatorBook) -> None:
    for _ in range(22):
        await code_of(book, "bob", "guess", client="192.0.2.1")

    assert await code_of(book, "bob", "guess", client="192.0.2.2") == "wrong_login"


async def test_guessing_from_one_address_is_limited_whatever_the_name(book: OperatorBook) -> None:
    codes = [await code_of(book, f"name {number}", "guess") for number in range(22)]

    assert codes == ["wrong_login"] * 20 + ["too_many_attempts"] * 2


async def test_addresses_of_one_ipv6_network_count_as_one(book: OperatorBook) -> None:
    codes = [await code_of(book, f"n{n}", "guess", client=f"2001:db8::{n:x}") for n in range(22)]

    assert codes[-1] == "too_many_attempts"
    assert await code_of(book, "other", "guess", client="2001:db8:0:1::1") == "wrong_login"


async def test_a_limited_client_is_told_when_to_come_back_and_may_then(book: OperatorBook) -> None:
    for number in range(20):
        await code_of(book, f"name {number}", "guess")
    with pytest.raises(AuthError) as refused:
        await book.login("bob", "b", client="192.0.2.1", now=NOW)

    assert refused.value.status == 429
    assert refused.value.retry_after > 0
    later = NOW + refused.value.retry_after
    _, operator = await book.login("bob", "b", client="192.0.2.1", now=later)
    assert operator.name == "bob"


async def test_signing_in_rightly_uses_up_no_attempts(book: OperatorBook) -> None:
    names = [(await book.login("bob", "b", client="192.0.2.1", now=NOW))[1].name for _ in range(25)]

    assert names == ["bob"] * 25


async def test_the_event_loop_runs_on_while_a_password_is_checked(tmp_path: Path) -> None:
    book = await OperatorBook.open(
        [Account("bob", "b")], tmp_path, announce=lambda name, password: None, hasher=PasswordHasher()
    )
    login = asyncio.create_task(book.login("bob", "b", client="192.0.2.1", now=NOW))
    turns = 0
    while not login.done():
        turns += 1
        await asyncio.sleep(0)

    assert (await login)[1].name == "bob"
    assert turns > 5


def tampered(token: str) -> str:
    header, payload, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    claims["sub"] = operator_named("bob").id
    forged = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"{header}.{forged}.{signature}"


def claims(**changes: object) -> dict[str, object]:
    whole: dict[str, object] = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": ANN.id,
        "name": "Ann Lee",
        "iat": int(NOW),
        "exp": int(NOW) + 60,
    }
    return {name: value for name, value in (whole | changes).items() if value is not None}


FORGED = {
    "algorithm none": jwt.encode(claims(), None, algorithm="none"),
    "another algorithm": jwt.encode(claims(), SECRET, algorithm="HS512"),
    "another secret": jwt.encode(claims(), "t" * 64, algorithm="HS256"),
    "another audience": jwt.encode(claims(aud="elsewhere"), SECRET, algorithm="HS256"),
    "another issuer": jwt.encode(claims(iss="elsewhere"), SECRET, algorithm="HS256"),
    "changed content": tampered(issue_token(ANN, SECRET, NOW)),
    "cut short": issue_token(ANN, SECRET, NOW)[:-4],
    "expiry that is no number": jwt.encode(claims(exp="never"), SECRET, algorithm="HS256"),
    "endless": "x" * 1_000_000,
    "no token": "",
    "no text": None,
    "no characters": "\ud800.\ud800.\ud800",
    **{
        f"no {name}": jwt.encode(claims(**{name: None}), SECRET, algorithm="HS256")
        for name in ("exp", "aud", "iss", "sub", "iat")
    },
}


@pytest.mark.parametrize("forgery", FORGED)
def test_a_token_that_is_not_ours_is_bad(forgery: str) -> None:
    with pytest.raises(AuthError) as refused:
        read_token(FORGED[forgery], SECRET, NOW)

    assert (refused.value.code, refused.value.status) == ("bad_token", 401)


@given(st.text())
def test_arbitrary_text_is_never_a_token(text: str) -> None:
    with pytest.raises(AuthError) as refused:
        read_token(text, SECRET, NOW)

    assert refused.value.code == "bad_token"


def test_a_token_lasts_twelve_hours_and_not_longer() -> None:
    token = issue_token(ANN, SECRET, NOW)

    assert read_token(token, SECRET, NOW + LIFE_S - 1)["sub"] == ANN.id
    with pytest.raises(AuthError) as refused:
        read_token(token, SECRET, NOW + LIFE_S)
    assert (refused.value.code, refused.value.status) == ("expired_token", 401)


async def test_a_token_outlives_a_restart_but_not_its_account(tmp_path: Path) -> None:
    first = await open_book(tmp_path, Account("ann", "x"))
    token, ann = await first.login("ann", "x", client="c", now=NOW)

    assert (await open_book(tmp_path, Account("ann", "y"))).verify_token(token, NOW) == ann
    with pytest.raises(AuthError) as refused:
        (await open_book(tmp_path, Account("bob", "x"))).verify_token(token, NOW)
    assert refused.value.code == "bad_token"


async def test_a_token_of_another_data_folder_is_bad(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    token, _ = await (await open_book(tmp_path / "a", Account("ann", "x"))).login(
        "ann", "x", client="c", now=NOW
    )

    with pytest.raises(AuthError) as refused:
        (await open_book(tmp_path / "b", Account("ann", "x"))).verify_token(token, NOW)
    assert refused.value.code == "bad_token"


async def test_the_demo_account_is_announced_once_and_keeps_its_password(tmp_path: Path) -> None:
    announced: list[tuple[str, str]] = []
    for _ in range(2):
        book = await OperatorBook.open(
            (), tmp_path, announce=lambda *entry: announced.append(entry), hasher=QUICK
        )

    assert announced == [("demo", read_demo_password(tmp_path))]
    _, operator = await book.login("demo", announced[0][1], client="c", now=NOW)
    assert operator.name == "demo"


def test_secrets_are_files_for_their_owner_only(tmp_path: Path) -> None:
    asyncio.run(open_book(tmp_path))

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {"token-secret": 0o600, "operators.json": 0o600, "demo-password": 0o600}


async def test_named_accounts_replace_the_demo_account(tmp_path: Path) -> None:
    await open_book(tmp_path)
    password = read_demo_password(tmp_path)
    assert password is not None
    book = await open_book(tmp_path, Account("ann", "x"))

    assert await code_of(book, "demo", password) == "wrong_login"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("operators.json", ""),
        ("operators.json", "[]"),
        ("operators.json", '{"operators": []}'),
        ("operators.json", '{"operators": [{"name": "demo", "hash": "no hash"}]}'),
        ("operators.json", '{"operators": [{"name": "demo", "hash": null}]}'),
        ("token-secret", ""),
    ],
)
async def test_a_damaged_file_stops_the_start_and_says_what_to_do(
    tmp_path: Path, name: str, content: str
) -> None:
    (tmp_path / name).write_text(content)

    with pytest.raises(SignalingError, match="is damaged: delete it") as refused:
        await open_book(tmp_path)
    assert refused.value.code == "bad_account_file"
