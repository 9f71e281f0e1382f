"""A token's text, its hash and its key."""

import pytest
from pydantic import SecretStr

from registry.access.authorise import TokenRefused, presented_token
from registry.access.tokens import (
    Actor,
    make_token_text,
    token_hash,
    token_id_of,
    token_key,
)
from registry.settings import Settings
from schemas.access import Scope
from schemas.base import uuid7
from schemas.errors import AccessDenied, Misconfigured

KEY = SecretStr("k" * 32)


def test_a_token_carries_its_public_id_and_forty_random_characters() -> None:
    token_id = uuid7()
    texts = {make_token_text(token_id) for _ in range(100)}
    assert len(texts) == 100
    for text in texts:
        prefix, public, secret = text.split("_")
        assert (prefix, public) == ("tc", token_id.hex)
        assert len(secret) == 40
        assert secret.isascii()
        assert secret.isalnum()
        assert token_id_of(text) == token_id


@pytest.mark.parametrize(
    "garbled",
    [
        "",
        "tc",
        "tc__",
        "tc_" + "0" * 32 + "_" + "a" * 39,
        "tc_" + "0" * 32 + "_" + "a" * 41,
        "tc_" + "G" * 32 + "_" + "a" * 40,
        "TC_" + "0" * 32 + "_" + "a" * 40,
        "tc_" + "0" * 32 + "_" + "a" * 39 + "\n",
        "tc_" + "0" * 32 + "_" + "a" * 40 + "\n",
        "tc_" + "0" * 32 + "_" + "é" * 40,
        "tc_" + "٣" * 32 + "_" + "a" * 40,
        "tc_" + "0" * 10_000_000,
    ],
)
def test_what_does_not_have_the_shape_is_no_token(garbled: str) -> None:
    assert token_id_of(garbled) is None


def test_the_hash_depends_on_the_token_and_on_the_servers_key() -> None:
    text = make_token_text(uuid7())
    same = token_hash(text, KEY)
    assert len(same) == 32
    assert same == token_hash(text, KEY)
    assert same != token_hash(text, SecretStr("j" * 32))
    assert same != token_hash(text[:-1] + "!", KEY)


@pytest.mark.parametrize("key", [None, "", "x" * 31])
def test_a_missing_or_short_key_is_refused_with_the_way_to_make_one(key: str | None) -> None:
    settings = Settings(token_secret=SecretStr(key) if key is not None else None)
    with pytest.raises(Misconfigured) as refused:
        token_key(settings)
    assert "TOWNCLERK_TOKEN_SECRET" in refused.value.what
    assert "openssl rand" in refused.value.remedy


def test_an_actor_may_only_what_its_scopes_say() -> None:
    reader = Actor("reader", frozenset({Scope.LANDSCAPE_READ}))
    reader.demand(Scope.LANDSCAPE_READ)
    for scope in set(Scope) - {Scope.LANDSCAPE_READ}:
        with pytest.raises(AccessDenied, match=str(scope)):
            reader.demand(scope)


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("Bearer abc", "abc"),
        ("bearer   abc ", "abc"),
        ("Basic eDphYmM=", "abc"),  # x:abc
        ("Basic OmFiYw==", "abc"),  # :abc
        ("Basic YWJj", ""),  # abc, no colon
    ],
)
def test_a_token_comes_as_bearer_or_as_a_browsers_password(header: str, token: str) -> None:
    assert presented_token(header) == token


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Digest abc",
        "Basic !!!",
        "Basic /w==",
        "Bearer é",
        "Bearer " + "a" * 100_000,
    ],
)
def test_every_other_header_is_refused_or_empty(header: str | None) -> None:
    try:
        token = presented_token(header)
    except TokenRefused:
        return
    assert token_id_of(token) is None
