"""What people accept for a while, and what the register says about personal data."""

from typing import Any

import pytest

from registry.compliance.checking import check_document
from registry.compliance.effectiveness import cannot_fire
from registry.compliance.privacy import Declaration, PrivacyCheck, category_of
from registry.compliance.rulesets.model import Rule, Then
from registry.compliance.waivers import ANYWHERE, Proposal, matches, proposals
from schemas.errors import InvalidInput


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("**", (), True),
        ("**", ("a", "b"), True),
        ("paths/**", ("paths", "/zaken", "get"), True),
        ("paths/~1zaken/get", ("paths", "/zaken", "get"), True),
        ("paths/~1zaken", ("paths", "/zaken", "get"), False),
        ("paths/*/get", ("paths", "/zaken", "get"), True),
        ("paths/*/get", ("paths", "a", "b", "get"), False),
        ("**/get", ("paths", "/zaken", "get"), True),
        ("a/**/z", ("a", "z"), True),
        ("a/**/z", ("a", "b", "c", "z"), True),
        ("paths/~1zak*/get", ("paths", "/zaken", "get"), True),
        ("a.c", ("abc",), False),
    ],
)
def test_a_pattern_says_where_a_waiver_holds(
    pattern: str, path: tuple[str, ...], fits: bool
) -> None:
    assert matches(pattern, path) is fits


def test_a_pattern_that_would_be_slow_is_refused() -> None:
    with pytest.raises(InvalidInput):
        matches("*a*a*a*a*b", ("a" * 100,))
    assert not matches("/".join(["**", "a"] * 50), ("b",) * 200)


def test_documents_propose_waivers_and_nobody_has_to_agree() -> None:
    data: dict[str, Any] = {
        "x-zally-ignore": ["101"],
        "paths": {"/a": {"get": {"x-noqa": "rule-a rule-b"}}},
        "components": {"x-ignore-rules": {"rule-c": "because"}},
    }
    assert set(proposals(data)) == {
        Proposal("101", ANYWHERE, "x-zally-ignore"),
        Proposal("rule-a", "paths/~1a/get/**", "x-noqa"),
        Proposal("rule-b", "paths/~1a/get/**", "x-noqa"),
        Proposal("rule-c", "components/**", "x-ignore-rules"),
    }


@pytest.mark.parametrize(
    ("name", "category"),
    [
        ("burgerservicenummer", "bsn"), ("geslachtsnaam", "name"), ("lastName", "name"),
        ("Geburtsdatum", "birth_date"), ("date_de_naissance", "birth_date"), ("e-mail", "email"),
        ("téléphoneportable", "phone"), ("Straße", "address"), ("IBAN", "iban"),
        ("diagnose", "health"), ("zaaktype", None), ("naam", None), ("status", None),
    ],
)  # fmt: skip
def test_a_name_tells_personal_data_in_four_languages(name: str, category: str | None) -> None:
    assert category_of(name) == category


DOCUMENT = """\
openapi: 3.0.3
info: {title: t, version: "1"}
paths:
  /people:
    get:
      parameters: [{name: bsn, in: query, schema: {type: string}}]
      responses:
        "200":
          description: d
          content: {application/json: {schema: {$ref: '#/components/schemas/Person'}}}
components:
  schemas:
    Person:
      type: object
      properties:
        contact: {type: object, properties: {mail: {type: string, format: email}}}
        partner: {$ref: '#/components/schemas/Person'}
"""


def privacy(declaration: Declaration) -> set[str]:
    one = check_document(DOCUMENT.encode(), "x.yaml", extra=[PrivacyCheck(declaration)])
    return {each.finding.code for each in one.judged}


def test_undeclared_personal_data_is_found_with_and_without_a_basis() -> None:
    assert privacy(Declaration()) == {
        "privacy-undeclared-data", "privacy-no-lawful-basis", "privacy-no-purpose",
        "privacy-person-in-address",
    }  # fmt: skip
    declared = Declaration.of(
        {"personal_data": {"categories": ["bsn", "email"], "purpose": "Permits",
                           "lawful_basis": "public_task"}}
    )  # fmt: skip
    assert privacy(declared) == {"privacy-person-in-address"}


def test_a_lawful_basis_is_one_of_the_law() -> None:
    made_up = Declaration(frozenset({"bsn", "email"}), "Permits", "because")
    assert "privacy-no-lawful-basis" in privacy(made_up)


def test_rules_that_cannot_fire_are_told_apart() -> None:
    def rule(given: str, then: Then) -> Rule:
        return Rule("r", given=(given,), then=(then,))

    space = rule("$.paths", Then("pattern", "@key", {"notMatch": r".+ \/$"}))
    fixed = rule(
        "$.paths[?(@property && @property.match(/(description|summary)/i))]",
        Then("pattern", "@key", {"match": "get"}),
    )
    fine = rule("$.paths", Then("pattern", "@key", {"notMatch": r".+\/$"}))
    assert "space" in cannot_fire(space)
    assert "description or summary" in cannot_fire(fixed)
    assert cannot_fire(fine) == ""


@pytest.mark.parametrize("name", ["indicatie", "beperking", "health", "opschorting", "naam"])
def test_words_of_decisions_and_servers_are_no_data_about_health(name: str) -> None:
    assert category_of(name) is None


@pytest.mark.parametrize("name", ["zorgIndicatie", "medical_history", "Krankheit", "maladie"])
def test_words_about_health_are_known_in_four_languages(name: str) -> None:
    assert category_of(name) == "health"
