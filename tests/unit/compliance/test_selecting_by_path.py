"""JSONPath-plus as rule sets write it: steps, filters, references and the habits of two engines."""

import pytest

from registry.compliance.document import Document
from registry.compliance.jsonpath.parse import read_path
from registry.compliance.jsonpath.select import Selector
from registry.compliance.jsonpath.tokens import InvalidExpression
from registry.compliance.subject import Subject

TEXT = b"""
paths:
  /a:
    get: {parameters: [{name: q, in: query}, {name: h, in: header}], responses: {'200': {x: 1}}}
    put: {responses: {'404': {content: {a: 1}}}}
components:
  schemas:
    Pet: {type: object, properties: {name: {type: string}, owner: {$ref: '#/components/schemas/P'}}}
    P: {type: object, properties: {date: {type: string}, deep: {properties: {date: {type: s}}}}}
"""


def paths(expression: str, text: bytes = TEXT, *, followed: bool = True) -> list[str]:
    subject = Subject.of(Document(text, "x.yaml"))
    view = subject.followed if followed else subject.written
    failures: list[str] = []
    selection = Selector(read_path(expression)).select(
        view, lambda _place, wrong: failures.append(str(wrong))
    )
    assert not failures
    return [".".join(subject.tree.path(place)) for place in selection.places]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("$", [""]),
        ("$.paths", ["paths"]),
        ("$.paths[*][get,put]", ["paths./a.get", "paths./a.put"]),
        ("$.paths['/a'].get", ["paths./a.get"]),
        ("$..parameters[0]", ["paths./a.get.parameters.0"]),
        ("$..parameters[1:].name", ["paths./a.get.parameters.1.name"]),
        ("$..parameters[?(@.in == 'query')].name", ["paths./a.get.parameters.0.name"]),
        ("$..parameters[*][?(@property === 'in' && @ === 'header')]^", [
            "paths./a.get.parameters.1"
        ]),
        ("$..responses[?(@property.match(/^4/))]", ["paths./a.put.responses.404"]),
        (r"$..[responses][?(@property && @property.match(/^2\d\d/))]", [
            "paths./a.get.responses.200"
        ]),
        ("$.components.schemas.*~", ["components.schemas.Pet", "components.schemas.P"]),
        ("$.components.schemas[?(@.properties.name)]", ["components.schemas.Pet"]),
        ("$..[?(@ && @.type && @.type.length > 5 && @.type in ['object', 'x'])].type", [
            "components.schemas.Pet.type", "components.schemas.P.type"
        ]),
        ("$.['paths']", ["paths"]),
        ("$.missing..x", []),
    ],
)  # fmt: skip
def test_a_path_selects_what_spectral_selects(expression: str, expected: list[str]) -> None:
    assert paths(expression) == expected


def test_references_are_followed_once_however_many_lead_there() -> None:
    through = "$.components.schemas.Pet..date"
    assert paths(through) == [
        "components.schemas.P.properties.date",
        "components.schemas.P.properties.deep.properties.date",
    ]
    assert paths(through, followed=False) == []


def test_between_two_deep_steps_nimma_looks_at_the_first_name_only() -> None:
    assert paths("$..properties[date,datum]..type") == ["components.schemas.P.properties.date.type"]


def test_the_dollar_name_of_a_reference_is_seen_only_as_written() -> None:
    assert paths("$..[?(@property === '$ref')]") == []
    assert paths("$..[?(@property === '$ref')]", followed=False) == [
        "components.schemas.Pet.properties.owner.$ref"
    ]


@pytest.mark.parametrize(
    "expression",
    ["paths", "$.a[?(@.b]", "$.a[?(@.b ==)]", "$.a[?(alert(1))]", "$.a['b", "$.a[?(@.b ** 2)]"],
)
def test_what_is_no_path_is_refused(expression: str) -> None:
    with pytest.raises(InvalidExpression):
        Selector(read_path(expression))


def test_parentheses_without_end_are_refused() -> None:
    with pytest.raises(InvalidExpression):
        read_path("$[?(" + "(" * 5_000 + "1" + ")" * 5_000 + ")]")
