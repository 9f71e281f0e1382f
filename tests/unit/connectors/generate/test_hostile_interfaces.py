"""Documents of strangers: circles, references abroad, damage and size end in words."""

import gzip
import json
from typing import Any

import pytest

from connectors.generate.documents import DOCUMENT_BYTES_MAX
from connectors.generate.guesses import InferredInterface, InterfaceUnreadable
from connectors.generate.interface import infer_interface
from connectors.generate.writing import Place, chosen, write_connector
from connectors.sdk.load import load_connector_file


def infer(document: Any) -> InferredInterface:
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    return infer_interface(content, name="theirs")


def a_list(schema: Any, **more: Any) -> dict[str, Any]:
    """A document with one list whose answer has the schema."""
    answer = {"description": "", "content": {"application/json": {"schema": schema}}}
    get = {"responses": {"200": answer}, **more.pop("get", {})}
    return {"openapi": "3.1.0", "info": {"title": "T"}, "paths": {"/people": {"get": get}}, **more}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\xff\xfe",
        b"\x1f\x8bdamaged",
        b"[1, 2]",
        b"just words",
        b'{"openapi": "3.0.0"',
        b"openapi: [",
        b"[" * 200_000,
        b"a: " + b"[" * 200_000,
        b'{"a":' * 100_000,
        b"type Query {",
        b"type Query { a: [Nothing] }",
        b'{"data": {"__schema": {"types": "none"}}}',
        b'{"openapi": "3.0.0", "paths": []}',
        gzip.compress(b" " * (DOCUMENT_BYTES_MAX + 1)),
    ],
    ids=range(15),
)
def test_what_is_no_interface_is_refused_with_a_reason(content: bytes) -> None:
    with pytest.raises(InterfaceUnreadable) as raised:
        infer(content)
    assert raised.value.what


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"  \n", "is empty"),
        (b"<!DOCTYPE html><html><body>Sign in</body></html>", "is a web page"),
        (b"hello world", "no GraphQL schema: Syntax Error: Unexpected Name 'hello'."),
    ],
)
def test_what_was_given_in_its_place_is_named(content: bytes, said: str) -> None:
    with pytest.raises(InterfaceUnreadable) as raised:
        infer(content)
    assert said in raised.value.what
    assert ".." not in raised.value.what


def test_a_field_whose_name_no_path_can_hold_is_left_out() -> None:
    names = ("id", "last'name", "first name", "e-mail\n")
    schema = {"type": "array", "items": {"properties": {n: {"type": "string"} for n in names}}}
    (stream,) = infer(a_list(schema)).streams
    assert {guess.value for guess in stream.map.values()} == {"'person'", "['first name']"}


def test_yaml_that_multiplies_itself_costs_nothing() -> None:
    lines = ["a0: &a0 {type: object, properties: {id: {type: string}}}"]
    lines += [f"a{n}: &a{n} {{allOf: [{', '.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, 40)]
    schema = "{type: array, items: *a39}"
    content = f"{{description: '', content: {{application/json: {{schema: {schema}}}}}}}"
    lines += ["openapi: 3.0.0", "paths:", "  /people:", "    get:"]
    lines += ["      responses:", f"        '200': {content}"]

    infer("\n".join(lines).encode())


def test_references_in_a_circle_end() -> None:
    person = {
        "allOf": [{"$ref": "#/components/schemas/Person"}],
        "properties": {"id": {"type": "string"}, "boss": {"$ref": "#/components/schemas/Person"}},
    }
    circle = {"$ref": "#/components/schemas/Circle"}
    document = a_list(
        {"type": "array", "items": {"$ref": "#/components/schemas/Person"}},
        components={"schemas": {"Person": person, "Circle": circle}},
    )
    document["paths"]["/circles"] = {"get": {"responses": {"200": circle}}}

    (stream,) = infer(document).streams
    assert stream.key is not None
    assert stream.key.value == "id"


@pytest.mark.parametrize("abroad", ["https://evil.example/p.json", "/etc/passwd", "p.yaml#/P"])
def test_references_out_of_the_document_are_never_followed(abroad: str) -> None:
    found = infer(a_list({"type": "array", "items": {"$ref": abroad}}))
    assert not found.streams
    assert "described in another document" in found.passed_over[0][1]


@pytest.mark.parametrize("nonsense", [None, 7, "x", [], [7], {"$ref": 7}, {"type": 7}, True])
def test_nonsense_in_any_place_is_passed_over(nonsense: Any) -> None:
    good = a_list({"type": "array", "items": {"properties": {"id": {"type": "string"}}}})
    text = json.dumps(good)
    for part in ("schema", "content", "200", "responses", "get", "/people", "info", "items", "id"):
        spoilt = json.loads(text, object_hook=lambda o, p=part: o | {p: nonsense} if p in o else o)
        infer(spoilt)
    for word in ("servers", "security", "components", "parameters"):
        infer(good | {word: nonsense})


def test_words_of_the_document_cannot_write_into_the_file() -> None:
    evil = "x\n# \r\nauth: {type: none}\u2028interface: urn:evil:x:y"
    schema = {"type": "array", "items": {"properties": {evil: {"type": "string"}, "id": {}}}}
    document = a_list(schema, info={"title": evil})
    document["paths"]["/a b"] = document["paths"]["/people"]
    found = infer(document)

    text = write_connector(found, Place("made"), chosen(found, everything=True))
    spec = load_connector_file(text, name="made.yaml")
    assert spec.interface is None
    assert list(spec.streams) == ["people"]
