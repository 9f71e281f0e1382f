"""Who gets in: real rows, real hashes, and tokens that somebody made up."""

import base64
import logging
import string
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from pydantic import SecretStr

from registry.access.authorise import TokenRefused, authorise, demo_actor
from registry.access.commands import LIFETIME_MAX, create_token, revoke_token
from registry.access.queries import list_tokens
from registry.access.tokens import make_token_text, token_hash, token_id_of
from registry.settings import Settings
from schemas.access import Scope
from schemas.base import uuid7
from schemas.errors import Conflict, InvalidInput, Misconfigured, UnknownName

KEY = SecretStr("a key of more than thirty-two characters")
SETTINGS = Settings(token_secret=KEY)


def make(db: psycopg.Connection, name: str = "dashboard", **given: object) -> str:
    options: dict[str, object] = {
        "scopes": [Scope.LANDSCAPE_READ, Scope.METRICS_READ],
        "lifetime": timedelta(days=30),
        **given,
    }
    return create_token(db, SETTINGS, name=name, **options)  # type: ignore[arg-type]


def age(db: psycopg.Connection, name: str, **by: timedelta) -> None:
    for column, amount in by.items():
        db.execute(
            psycopg.sql.SQL("UPDATE api_token SET {0} = {0} - %s WHERE name = %s").format(
                psycopg.sql.Identifier(column)
            ),
            [amount, name],
        )


def test_a_token_opens_what_it_was_made_for_and_nothing_else(db: psycopg.Connection) -> None:
    text = make(db)
    actor = authorise(db, f"Bearer {text}", SETTINGS)
    assert actor.name == "dashboard"
    assert actor.scopes == {Scope.LANDSCAPE_READ, Scope.METRICS_READ}


def test_a_browser_sends_the_token_as_its_password(db: psycopg.Connection) -> None:
    credentials = base64.b64encode(f"anybody:{make(db)}".encode()).decode()
    assert authorise(db, f"Basic {credentials}", SETTINGS).name == "dashboard"


def flip(text: str, place: int) -> str:
    other = "a" if text[place] != "a" else "b"
    return text[:place] + other + text[place + 1 :]


FORGERIES: dict[str, Callable[[str], str]] = {
    "no header": lambda _: "",
    "no token": lambda _: "Bearer",
    "an empty token": lambda _: "Bearer ",
    "the word null": lambda _: "Bearer null",
    "another scheme": lambda text: f"Digest {text}",
    "no scheme": lambda text: text,
    "the scheme twice": lambda text: f"Bearer Bearer {text}",
    "first character of the secret": lambda text: f"Bearer {flip(text, 36)}",
    "last character of the secret": lambda text: f"Bearer {flip(text, -1)}",
    "one character short": lambda text: f"Bearer {text[:-1]}",
    "one character long": lambda text: f"Bearer {text}a",
    "swapped case": lambda text: f"Bearer {text.swapcase()}",
    "secret reversed": lambda text: f"Bearer {text[:36]}{text[36:][::-1]}",
    "another id": lambda text: f"Bearer {flip(text, 5)}",
    "an unknown id with a good shape": lambda _: f"Bearer {make_token_text(uuid7())}",
    "id alone": lambda text: f"Bearer {text[:35]}",
    "secret alone": lambda text: f"Bearer {text[36:]}",
    "the stored hash": lambda text: f"Bearer {token_hash(text, KEY).hex()}",
    "the hash in place of the secret": lambda text: (
        f"Bearer {text[:36]}{token_hash(text, KEY).hex()[:40]}"
    ),
    "a null byte": lambda text: f"Bearer {text}\x00",
    "a line break": lambda text: f"Bearer {text}\nX-Actor: architect",
    "SQL": lambda _: "Bearer tc_' OR true --_" + "a" * 40,
    "letters that only look alike": lambda text: f"Bearer {text.replace('t', 'т', 1)}",
    "a wildcard": lambda text: f"Bearer {text[:36]}" + "%" * 40,
    "ten megabytes": lambda text: f"Bearer {text * 125_000}",
    "Basic without a colon": lambda text: "Basic " + base64.b64encode(text.encode()).decode(),
    "the token as Basic user": lambda text: (
        "Basic " + base64.b64encode(f"{text}:".encode()).decode()
    ),
    "Basic that is no base64": lambda text: f"Basic {text}",
    "an unsigned JWT": lambda _: "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhcmNoaXRlY3QifQ.",
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
def test_a_forged_or_garbled_token_is_refused(
    db: psycopg.Connection, forge: Callable[[str], str]
) -> None:
    text = make(db)
    with pytest.raises(TokenRefused) as refused:
        authorise(db, forge(text), SETTINGS)
    assert text not in refused.value.what
    assert text[36:] not in str(refused.value.as_dict())


def test_there_are_at_least_twenty_five_forgeries() -> None:
    assert len(FORGERIES) >= 25


def test_a_token_of_a_server_with_another_key_is_refused(db: psycopg.Connection) -> None:
    text = make(db)
    other = Settings(token_secret=SecretStr("another key of more than thirty-two characters"))
    with pytest.raises(TokenRefused, match="unknown"):
        authorise(db, f"Bearer {text}", other)


def test_an_expired_token_is_refused_from_the_moment_it_expires(db: psycopg.Connection) -> None:
    text = make(db, lifetime=timedelta(days=1))
    age(db, "dashboard", created_at=timedelta(days=1), expires_at=timedelta(days=1))
    with pytest.raises(TokenRefused, match="expired"):
        authorise(db, f"Bearer {text}", SETTINGS)


def test_a_withdrawn_token_is_refused_at_once(db: psycopg.Connection) -> None:
    text = make(db)
    revoke_token(db, "dashboard")
    with pytest.raises(TokenRefused, match="withdrawn"):
        authorise(db, f"Bearer {text}", SETTINGS)


def test_withdrawing_again_keeps_the_first_moment(db: psycopg.Connection) -> None:
    make(db)
    revoke_token(db, "dashboard")
    age(db, "dashboard", revoked_at=timedelta(days=3))
    first = list_tokens(db)[0].revoked_at
    revoke_token(db, " dashboard ")
    assert list_tokens(db)[0].revoked_at == first


def test_a_name_nobody_has_cannot_be_withdrawn(db: psycopg.Connection) -> None:
    with pytest.raises(UnknownName):
        revoke_token(db, "nobody")


def test_without_the_servers_key_nobody_gets_in(db: psycopg.Connection) -> None:
    text = make(db)
    with pytest.raises(Misconfigured):
        authorise(db, f"Bearer {text}", Settings(token_secret=None))


def test_a_scope_this_release_does_not_know_opens_nothing(db: psycopg.Connection) -> None:
    text = make(db)
    db.execute("UPDATE api_token SET scopes = '{landscape:read,everything:delete}'")
    assert authorise(db, f"Bearer {text}", SETTINGS).scopes == {Scope.LANDSCAPE_READ}


def test_the_last_use_is_noted_at_most_once_a_minute(db: psycopg.Connection) -> None:
    text = make(db)
    assert list_tokens(db)[0].last_used_at is None
    authorise(db, f"Bearer {text}", SETTINGS)
    first = list_tokens(db)[0].last_used_at
    assert first is not None
    # Inside one transaction the clock stands still, so the mark is moved instead.
    age(db, "dashboard", last_used_at=timedelta(seconds=59))
    authorise(db, f"Bearer {text}", SETTINGS)
    assert list_tokens(db)[0].last_used_at == first - timedelta(seconds=59)
    age(db, "dashboard", last_used_at=timedelta(seconds=2))
    authorise(db, f"Bearer {text}", SETTINGS)
    assert list_tokens(db)[0].last_used_at == first


def test_a_refused_token_leaves_no_use(db: psycopg.Connection) -> None:
    text = make(db)
    with pytest.raises(TokenRefused):
        authorise(db, f"Bearer {flip(text, -1)}", SETTINGS)
    assert list_tokens(db)[0].last_used_at is None


def test_the_database_holds_no_secret_only_its_keyed_hash(db: psycopg.Connection) -> None:
    text = make(db)
    row = db.execute("SELECT api_token::text, token_hash FROM api_token").fetchone()
    assert row is not None
    assert text[36:] not in row[0]
    assert row[1] == token_hash(text, KEY)
    assert str(token_id_of(text)) in row[0]


def test_the_list_shows_names_and_dates_and_never_a_hash(db: psycopg.Connection) -> None:
    text = make(db, "zebra")
    make(db, "adder")
    rows = list_tokens(db)
    assert [row.name for row in rows] == ["adder", "zebra"]
    shown = str([asdict(row) for row in rows])
    assert "hash" not in shown
    assert text[36:] not in shown
    assert rows[0].expires_at - datetime.now(UTC) > timedelta(days=29)


def test_no_log_line_holds_the_secret(
    db: psycopg.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    text = make(db)
    authorise(db, f"Bearer {text}", SETTINGS)
    for forge in FORGERIES.values():
        with pytest.raises(TokenRefused):
            authorise(db, forge(text), SETTINGS)
    revoke_token(db, "dashboard")
    assert text[36:] not in caplog.text


def test_two_tokens_cannot_share_a_name_even_after_one_was_withdrawn(
    db: psycopg.Connection,
) -> None:
    make(db)
    revoke_token(db, "dashboard")
    with pytest.raises(Conflict, match="dashboard"):
        make(db)


@pytest.mark.parametrize("name", ["", "   ", "n" * 121])
def test_a_token_needs_a_name_people_can_read(db: psycopg.Connection, name: str) -> None:
    with pytest.raises(InvalidInput, match="name"):
        make(db, name)


def test_a_token_needs_a_scope(db: psycopg.Connection) -> None:
    with pytest.raises(InvalidInput, match="scope"):
        make(db, scopes=[])


@pytest.mark.parametrize(
    "lifetime", [timedelta(0), timedelta(days=-1), LIFETIME_MAX + timedelta(seconds=1)]
)
def test_a_token_lives_a_year_at_most(db: psycopg.Connection, lifetime: timedelta) -> None:
    with pytest.raises(InvalidInput, match="days"):
        make(db, lifetime=lifetime)


def test_the_demonstrations_actor_may_everything() -> None:
    assert demo_actor().scopes == set(Scope)


def test_made_tokens_use_every_letter_and_digit() -> None:
    seen = {sign for _ in range(200) for sign in make_token_text(uuid7())[36:]}
    assert seen == set(string.ascii_letters + string.digits)
