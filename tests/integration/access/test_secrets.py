"""Secrets of sources are sealed under a key that the database does not hold."""

import psycopg
import pytest
from pydantic import SecretStr

from registry.access.secrets import (
    SecretsLocked,
    forget_secret,
    keep_secret,
    list_secrets,
    new_key,
    open_secret,
    rotate_secrets,
)
from registry.settings import Settings
from schemas.errors import InvalidInput, UnknownName

WORD = SecretStr("s3cr3t-ünd-léng")
KEY, OTHER = new_key(), new_key()


def keyed(present: str | None, old: str | None = None) -> Settings:
    return Settings.model_validate({"secrets_key": present, "secrets_key_old": old})


def test_what_is_kept_can_be_opened_and_is_nowhere_in_clear(db: psycopg.Connection) -> None:
    keep_secret(db, keyed(KEY), "crm", WORD)

    assert open_secret(db, keyed(KEY), "crm") == WORD
    row = db.execute("SELECT stored_secret::text, sealed FROM stored_secret").fetchone()
    assert row is not None
    assert WORD.get_secret_value() not in row[0]
    assert WORD.get_secret_value().encode() not in row[1]


def test_another_key_and_no_key_open_nothing(db: psycopg.Connection) -> None:
    keep_secret(db, keyed(KEY), "crm", WORD)

    for settings in (keyed(OTHER), keyed(None), keyed("short"), keyed(OTHER, OTHER)):
        with pytest.raises(SecretsLocked):
            open_secret(db, settings, "crm")


def test_a_row_copied_to_another_name_opens_nothing(db: psycopg.Connection) -> None:
    keep_secret(db, keyed(KEY), "crm", WORD)
    db.execute(
        "INSERT INTO stored_secret SELECT 'library', key_id, nonce, sealed, changed_at"
        " FROM stored_secret"
    )

    with pytest.raises(SecretsLocked):
        open_secret(db, keyed(KEY), "library")


def test_a_new_key_takes_over_from_the_old_one(db: psycopg.Connection) -> None:
    keep_secret(db, keyed(KEY), "crm", WORD)

    assert open_secret(db, keyed(OTHER, KEY), "crm") == WORD
    assert rotate_secrets(db, keyed(OTHER, KEY)) == 1
    assert open_secret(db, keyed(OTHER), "crm") == WORD
    assert rotate_secrets(db, keyed(OTHER)) == 0


def test_names_are_listed_and_forgotten_without_a_key(db: psycopg.Connection) -> None:
    keep_secret(db, keyed(KEY), "crm", WORD)

    assert [one.name for one in list_secrets(db)] == ["crm"]
    forget_secret(db, "crm")
    with pytest.raises(UnknownName):
        forget_secret(db, "crm")
    with pytest.raises(UnknownName):
        open_secret(db, keyed(KEY), "crm")


@pytest.mark.parametrize("value", ["", "x" * 16_385])
def test_what_is_no_secret_is_not_kept(db: psycopg.Connection, value: str) -> None:
    with pytest.raises(InvalidInput):
        keep_secret(db, keyed(KEY), "crm", SecretStr(value))
