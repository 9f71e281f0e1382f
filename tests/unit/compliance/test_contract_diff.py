"""Two versions of an interface: what changed, and whether it breaks who relied on it."""

from copy import deepcopy
from datetime import date
from typing import Any

import pytest

from registry.compliance.contract import LEVELS, Bump, Level, compare_documents, verdict_of
from registry.compliance.contract.compare import Change
from registry.compliance.contract.consumers import Consumer, hits
from registry.compliance.contract.versions import NotComparable, compare_files

TODAY = date(2026, 11, 22)


def document(schema: Any = None, *, answer: Any = None, **operation: Any) -> dict[str, Any]:
    """A document with one operation that takes and gives JSON."""
    body = {"content": {"application/json": {"schema": schema or {"type": "object"}}}}
    reply = {"content": {"application/json": {"schema": answer or {"type": "object"}}}}
    post = {"requestBody": body, "responses": {"200": reply}, **operation}
    return {"openapi": "3.0.3", "info": {"version": "1.0.0"}, "paths": {"/a": {"post": post}}}


def found(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Level]:
    """Ids and levels; what a break asks of the version number has tests of its own."""
    changes = compare_documents(old, new, today=TODAY).changes
    return {one.code: one.level for one in changes if "-version-" not in one.code}


def test_every_id_has_a_level_and_there_are_enough_of_them() -> None:
    assert len(LEVELS) >= 150


def one(**keywords: Any) -> dict[str, Any]:
    """A schema with one property."""
    return {"type": "object", "properties": {"p": {"type": "string", **keywords}}}


BODY = [
    ({"maxLength": 9}, {"maxLength": 5}, "request-property-max-length-decreased", None),
    ({"maxLength": 5}, {"maxLength": 9}, "request-property-max-length-increased",
     "response-property-max-length-increased"),
    ({"maxLength": 5}, {}, "request-property-max-length-unset",
     "response-property-max-length-unset"),
    ({}, {"maxLength": 5}, "request-property-max-length-set", "response-property-max-length-set"),
    ({"enum": ["a", "b"]}, {"enum": ["a"]}, "request-property-enum-value-removed",
     "response-property-enum-value-removed"),
    ({"enum": ["a"]}, {"enum": ["a", "b"]}, "request-property-enum-value-added",
     "response-property-enum-value-added"),
    ({}, {"enum": ["a"]}, "request-property-became-enum", None),
    ({"type": "integer"}, {"type": "number"}, "request-property-type-generalized",
     "response-property-type-changed"),
    ({"type": "number"}, {"type": "integer"}, "request-property-type-changed", None),
    ({}, {"nullable": True}, "request-property-became-nullable",
     "response-property-became-nullable"),
    ({"nullable": True}, {}, "request-property-became-not-nullable",
     "response-property-became-not-nullable"),
    ({"pattern": "a"}, {"pattern": "b"}, "request-property-pattern-changed",
     "response-property-pattern-changed"),
    ({"default": "a"}, {"default": "b"}, "request-property-default-value-changed",
     "response-property-default-value-changed"),
    ({}, {"readOnly": True}, "request-optional-property-became-read-only",
     "response-optional-property-became-read-only"),
    ({"readOnly": True, "maxLength": 9}, {"readOnly": True, "maxLength": 5},
     "request-read-only-property-max-length-decreased", None),
    ({"minimum": 1}, {"minimum": 5}, "request-property-min-increased", None),
    ({"minimum": 5}, {"minimum": 1}, "request-property-min-decreased",
     "response-property-min-decreased"),
    ({"minItems": 2}, {}, "request-property-min-items-unset",
     "response-property-min-items-unset"),
    ({"x-extensible-enum": ["a", "b"]}, {"x-extensible-enum": ["a"]},
     "request-property-x-extensible-enum-value-removed", None),
    ({"oneOf": [{"title": "A"}]}, {"oneOf": [{"title": "A"}, {"title": "B"}]},
     "request-property-one-of-added", "response-property-one-of-added"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "request_id", "response_id"), BODY)
def test_a_property_changes_for_who_sends_and_for_who_reads(
    before: Any, after: Any, request_id: str | None, response_id: str | None
) -> None:
    asked = found(document(one(**before)), document(one(**after)))
    told = found(document(answer=one(**before)), document(answer=one(**after)))
    assert set(asked) == ({request_id} if request_id else set())
    assert set(told) == ({response_id} if response_id else set())
    assert all(LEVELS[code] is level for code, level in {**asked, **told}.items())


def test_a_required_property_comes_and_goes() -> None:
    without: dict[str, Any] = {"type": "object", "properties": {}}
    needed = {**one(), "required": ["p"]}
    assert found(document(without), document(needed)) == {
        "new-required-request-property": Level.ERR
    }
    assert found(document(needed), document(without)) == {"request-property-removed": Level.WARN}
    assert found(document(answer=needed), document(answer=without)) == {
        "response-required-property-removed": Level.ERR
    }
    assert found(document(answer=needed), document(answer=one())) == {
        "response-property-became-optional": Level.ERR
    }


def test_an_end_that_was_announced_breaks_nobody() -> None:
    gone = {**document(), "paths": {}}
    silent = document()
    said = document(deprecated=True)
    soon = document(deprecated=True, **{"x-sunset": "2026-12-31"})
    past = document(deprecated=True, **{"x-sunset": "2026-06-30"})
    unreadable = document(deprecated=True, **{"x-sunset": "some day"})
    assert list(found(silent, gone)) == ["api-path-removed-without-deprecation"]
    assert list(found(said, gone)) == ["api-path-removed-with-deprecation"]
    assert list(found(soon, gone)) == ["api-path-removed-before-sunset"]
    assert list(found(past, gone)) == ["api-path-removed-with-deprecation"]
    assert list(found(unreadable, gone)) == ["api-path-sunset-parse"]


def test_parameters_come_go_and_tighten() -> None:
    def with_limit(**keywords: Any) -> dict[str, Any]:
        given = {"name": "limit", "in": "query", **keywords}
        return document(parameters=[given])

    plain = with_limit(schema={"type": "integer", "maximum": 100})
    assert found(document(), plain) == {"new-optional-request-parameter": Level.INFO}
    assert found(plain, document()) == {"request-parameter-removed": Level.WARN}
    tighter = with_limit(required=True, schema={"type": "integer", "maximum": 50})
    assert found(plain, tighter) == {
        "request-parameter-became-required": Level.ERR,
        "request-parameter-max-decreased": Level.ERR,
    }


def test_the_name_of_a_path_parameter_is_nothing_on_the_wire() -> None:
    def named(name: str) -> dict[str, Any]:
        given = {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        paths = {f"/a/{{{name}}}": {"get": {"parameters": [given], "responses": {}}}}
        return {"openapi": "3.0.3", "info": {}, "paths": paths}

    assert found(named("id"), named("uuid")) == {}


def test_taking_a_schema_apart_into_all_of_changes_nothing() -> None:
    whole = {**one(), "required": ["p"]}
    apart = {"allOf": [deepcopy(whole)]}
    assert found(document(whole), document(apart)) == {}


def test_a_document_of_2_0_compares_with_one_of_3_0() -> None:
    old = {
        "swagger": "2.0", "info": {"version": "1.0.0"}, "consumes": ["application/json"],
        "produces": ["application/json"],
        "paths": {"/a": {"post": {
            "parameters": [{"name": "b", "in": "body", "schema": one()}],
            "responses": {"200": {"schema": {"type": "object"}}},
        }}},
    }  # fmt: skip
    assert found(old, document(one())) == {}


def test_a_schema_within_itself_is_compared_to_its_end() -> None:
    def tree(kind: str) -> dict[str, Any]:
        node = {
            "type": "object",
            "properties": {"value": {"type": kind}, "below": {"$ref": "#/components/schemas/N"}},
        }
        made = document({"$ref": "#/components/schemas/N"})
        return {**made, "components": {"schemas": {"N": node}}}

    assert found(tree("string"), tree("integer")) == {"request-property-type-changed": Level.ERR}


@pytest.mark.parametrize(
    ("version", "needed", "honest"),
    [("1.0.1", Bump.MAJOR, False), ("1.1.0", Bump.MAJOR, False), ("2.0.0", Bump.MAJOR, True)],
)
def test_the_version_tells_the_truth_or_not(version: str, needed: Bump, honest: bool) -> None:
    new = document(one(maxLength=5))
    new["info"] = {"version": version}
    verdict = verdict_of(compare_documents(document(one(maxLength=9)), new))
    assert (verdict.needed, verdict.honest) == (needed, honest)


def test_only_who_uses_an_operation_is_hit() -> None:
    broken = Change("api-removed-without-deprecation", Level.ERR, "get", "/a", (), "")
    everything = Consumer("All", "urn:x:all")
    this = Consumer("This", "urn:x:this", frozenset({"GET /a"}))
    other = Consumer("Other", "urn:x:other", frozenset({"GET /b"}))
    assert [hit.consumer.name for hit in hits([broken], [everything, this, other])] == [
        "All", "This",
    ]  # fmt: skip


def test_a_graphql_schema_breaks_as_graphql_says() -> None:
    old, new = b"type Query { a: Int b: Int }", b"type Query { a: String }"
    comparison = compare_files((old, "old.graphql"), (new, "new.graphql"))
    assert {one.code for one in comparison.changes} == {
        "graphql-field-removed", "graphql-field-changed-kind",
    }  # fmt: skip
    assert verdict_of(comparison).needed is Bump.MAJOR


def test_different_kinds_cannot_be_compared() -> None:
    with pytest.raises(NotComparable):
        compare_files((b"type Query { a: Int }", "a.graphql"), (b"openapi: 3.0.0", "b.yaml"))


BOUNDS = {
    "maximum": "max", "minimum": "min", "multipleOf": "multiple-of", "maxLength": "max-length",
    "minLength": "min-length", "maxItems": "max-items", "minItems": "min-items",
    "maxProperties": "max-properties", "minProperties": "min-properties",
    "minContains": "min-contains", "maxContains": "max-contains",
    "exclusiveMinimum": "exclusive-min", "exclusiveMaximum": "exclusive-max",
}  # fmt: skip


@pytest.mark.parametrize("keyword", BOUNDS)
def test_a_bound_set_or_lifted_is_told_to_who_sends_and_to_who_reads(keyword: str) -> None:
    name = BOUNDS[keyword]
    free, bound = one(), one(**{keyword: 5})
    assert f"request-property-{name}-set" in found(document(free), document(bound))
    assert f"request-property-{name}-unset" in found(document(bound), document(free))
    told = found(document(answer=bound), document(answer=free))
    assert told[f"response-property-{name}-unset"] is Level.ERR
    told = found(document(answer=free), document(answer=bound))
    assert told[f"response-property-{name}-set"] is Level.INFO
    bare, whole = {"type": "string"}, {"type": "string", keyword: 5}
    assert f"request-body-{name}-set" in found(document(bare), document(whole))
    assert f"response-body-{name}-unset" in found(document(answer=whole), document(answer=bare))


@pytest.mark.parametrize(
    ("before", "after", "request_id", "response_id"),
    [
        ({"maxProperties": 9}, {"maxProperties": 5}, "request-property-max-properties-decreased",
         "response-property-max-properties-decreased"),
        ({"minProperties": 5}, {"minProperties": 1}, "request-property-min-properties-decreased",
         "response-property-min-properties-decreased"),
        ({}, {"const": "a"}, "request-property-const-added", "response-property-const-added"),
        ({"const": "a"}, {"const": "b"}, "request-property-const-changed",
         "response-property-const-changed"),
        ({"const": "a"}, {}, "request-property-const-removed", "response-property-const-removed"),
        ({"enum": ["a"]}, {}, "request-property-became-not-enum", None),
        ({}, {"deprecated": True}, "request-property-deprecated", "response-property-deprecated"),
        ({"deprecated": True}, {}, "request-property-reactivated",
         "response-property-reactivated"),
    ],
)  # fmt: skip
def test_newer_kinds_of_change_are_told(
    before: Any, after: Any, request_id: str, response_id: str | None
) -> None:
    asked = found(document(one(**before)), document(one(**after)))
    assert asked.keys() == {request_id}
    told = found(document(answer=one(**before)), document(answer=one(**after)))
    assert told.keys() == ({response_id} if response_id else set())


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        ({}, {"style": "pipeDelimited"}, "request-parameter-style-changed"),
        ({}, {"style": "form"}, None),  # what held already was only written out
        ({}, {"explode": False}, "request-parameter-explode-changed"),
        ({}, {"allowReserved": True}, "request-parameter-became-allow-reserved"),
        ({"allowReserved": True}, {}, "request-parameter-became-not-allow-reserved"),
    ],
)
def test_how_a_parameter_is_written_counts(before: Any, after: Any, code: str | None) -> None:
    def asked(more: Any) -> dict[str, Any]:
        listed = {"type": "array", "items": {"type": "string"}}
        return document(parameters=[{"name": "q", "in": "query", "schema": listed, **more}])

    assert found(asked(before), asked(after)).keys() == ({code} if code else set())


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("1.0.0", "1.0.0", "api-version-not-bumped"),
        ("2.0.0", "1.9.0", "api-version-decreased"),
        ("1.0.0", "1.1.0", "api-major-version-not-bumped"),
        ("1.0.0", "2.0.0", None),
        ("0.1.0", "0.2.0", None),
        ("2025-01", "2025-01", None),
    ],
)
def test_a_break_asks_for_a_version(old: str, new: str, code: str | None) -> None:
    before, after = document(), document()
    del after["paths"]["/a"]
    before["info"]["version"], after["info"]["version"] = old, new
    codes = {one.code for one in compare_documents(before, after, today=TODAY).changes}
    gone = "api-path-removed-without-deprecation"
    assert codes == ({gone, code} if code else {gone})


def test_a_body_that_is_asked_for_no_more_is_told() -> None:
    after = document()
    del after["paths"]["/a"]["post"]["requestBody"]
    assert found(document(), after) == {"request-body-removed": Level.WARN}
