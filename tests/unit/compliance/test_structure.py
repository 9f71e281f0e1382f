"""Is a document valid at all? The named judge decides, and sees all of it."""

import json
from pathlib import Path

import pytest

from registry.compliance.checking import check_document
from schemas.compliance import Severity

HEAD = 'openapi: 3.0.3\ninfo: {title: t, version: "1"}\n'


def codes(text: str, name: str = "x.yaml") -> list[tuple[str, str]]:
    one = check_document(text.encode(), name)
    return [(each.finding.code, each.finding.message) for each in one.judged]


def test_a_valid_document_has_no_findings() -> None:
    assert codes(HEAD + "paths: {}\n") == []


def test_all_errors_are_told_and_not_the_first() -> None:
    text = (
        HEAD + "paths:\n  /a/{x}:\n    get: {responses: {}}\n  /b/{y}:\n    get: {responses: {}}\n"
    )
    words = " ".join(message for _, message in codes(text))
    assert "'x'" in words
    assert "'y'" in words


@pytest.mark.parametrize(
    "reference",
    [
        "file:///etc/passwd", "http://169.254.169.254/latest/meta-data", "https://example.org/x.yaml",
        "ftp://example.org/x", "data:application/json,{}", "../other.yaml", "//example.org/x",
        "HTTP://127.0.0.1:1/x#/a",
    ],
)  # fmt: skip
def test_a_reference_out_of_the_document_is_a_finding(reference: str) -> None:
    schema = json.dumps({"$ref": reference})
    text = HEAD + f"paths: {{}}\ncomponents: {{schemas: {{A: {schema}, B: {{type: nonsense}}}}}}\n"
    found = dict(codes(text))
    assert "is not followed" in found["outside-reference"]
    assert "structure" in found  # and what stands beside it is judged all the same


def test_a_reference_to_nowhere_does_not_hide_what_follows() -> None:
    text = HEAD + (
        "paths:\n"
        "  /a: {get: {responses: {'200': {$ref: '#/components/responses/Gone'}}}}\n"
        "  /b/{y}: {get: {responses: {'200': {description: d}}}}\n"
    )
    words = [message for _, message in codes(text)]
    assert any("does not exist" in message for message in words)
    assert any("'y'" in message for message in words)


@pytest.mark.parametrize("version", ["2.0", "3.0.3", "3.1.1", "3.2.0"])
def test_every_version_has_a_judge(version: str) -> None:
    key = "swagger" if version == "2.0" else "openapi"
    text = f'{key}: "{version}"\ninfo: {{title: t}}\npaths: {{}}\n'
    assert any("version" in message for _, message in codes(text))


def test_a_schema_within_itself_ends() -> None:
    text = HEAD + (
        "paths: {}\ncomponents:\n  schemas:\n"
        "    A: {allOf: [{$ref: '#/components/schemas/A'}], required: [x]}\n"
    )
    assert all(code in ("structure", "invalid-ref") for code, _ in codes(text))


def test_a_default_that_is_no_value_of_its_schema_is_wrong() -> None:
    text = HEAD + (
        "paths: {}\ncomponents: {schemas: {A: {type: integer, default: many},"
        " B: {type: string, default: fine}}}\n"
    )
    assert len(codes(text)) == 1


def test_a_graphql_schema_is_judged_by_its_own_rules() -> None:
    assert codes("type Query { a: Int }\n", "x.graphql") == []
    found = codes("type Query { a: Missing }\n", "x.graphql")
    assert found[0][0] == "graphql-structure"
    assert "Missing" in found[0][1]
    assert codes("type Query { " + "[" * 5000, "x.graphql")[0][0] == "graphql-structure"


WSDL = """<?xml version="1.0"?>
<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:t="urn:t" targetNamespace="urn:t">
  <message name="Ask"/>
  <portType name="P"><operation name="o"><input message="t:{message}"/></operation></portType>
  <binding name="B" type="t:P"/>
</definitions>"""


def test_a_wsdl_may_use_only_names_that_it_declares() -> None:
    assert codes(WSDL.format(message="Ask"), "x.wsdl") == []
    found = codes(WSDL.format(message="Answer"), "x.wsdl")
    assert found == [("wsdl-structure", "message 'Answer' does not exist")]


def test_a_wsdl_reads_no_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("do not read")
    text = f'<!DOCTYPE d [<!ENTITY e SYSTEM "file://{secret}">]><definitions>&e;</definitions>'
    found = codes(text, "x.wsdl")
    assert [code for code, _ in found] == ["wsdl-structure"]
    assert "do not read" not in str(found)


def test_an_asyncapi_document_has_rules_of_its_own() -> None:
    good = (
        "asyncapi: 2.6.0\ninfo: {title: t, version: '1'}\n"
        "channels: {news: {subscribe: {message: {payload: {type: string}}}}}\n"
    )
    assert codes(good) == []
    assert {code for code, _ in codes("asyncapi: 2.9.0\ninfo: {title: t, version: '1'}\n")} == {
        "asyncapi-version", "asyncapi-2-channels",
    }  # fmt: skip
    newer = "asyncapi: 3.0.0\ninfo: {title: t, version: '1'}\noperations: {o: {action: publish}}\n"
    assert {code for code, _ in codes(newer)} == {"asyncapi-3-operations"}


def test_what_cannot_be_read_is_a_finding_and_not_a_crash() -> None:
    one = check_document(b"\xff\xfe", "x.yaml")
    assert [(each.finding.code, each.finding.severity) for each in one.judged] == [
        ("document-refused", Severity.ERROR)
    ]
