"""Connector files: what is wrong is said with its line and the nearest right word."""

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.sdk.connector import Connector, connector_kinds, find_connector
from connectors.sdk.load import load_connector_file, parse_connector_file
from connectors.sdk.spec import StreamSpec
from schemas.errors import InvalidConnectorFile, UnknownName

GOOD = """\
connector: crm
kind: rest
interface: urn:townclerk:interface:crm-api
auth: {type: bearer, secret: "env:CRM_TOKEN"}
streams:
  customers:
    data_set: urn:townclerk:data_set:crm
    get: /customers
    records: items
    paging: {type: cursor, parameter: cursor, next: next, size_parameter: limit, size: 500}
    key: id
    map:
      kind: "'person'"
      family_name: name
"""


def refused(text: str) -> str:
    with pytest.raises(InvalidConnectorFile) as caught:
        load_connector_file(text, name="crm.yaml")
    return caught.value.what


@pytest.mark.parametrize(
    ("good", "bad", "said"),
    [
        (
            "    key: id",
            "   key: id",
            "this is not readable as YAML: it stands further in, or",
        ),
        (
            "    key: id",
            "\tkey: id",
            "this is not readable as YAML: it is indented with a tab",
        ),
        ("family_name: name", "family_name: {{ name }}", "an expression has no {{ }} around it"),
        ("family_name: name", 'family_name: "a + b"', "put together by concat(a, ' ', b)"),
        ("family_name: name", 'family_name: "a | b"', "the first that is filled is `a ?? b`"),
        ("limit, size: 500}", "limit, size: 500", "a bracket is opened and not closed"),
        ("family_name: name", "family_name: 'name", "a quote is opened and not closed"),
    ],
)
def test_a_slip_of_the_pen_is_named_in_plain_words(good: str, bad: str, said: str) -> None:
    assert said in refused(GOOD.replace(good, bad))


def test_a_good_file_comes_back_from_the_database_as_it_was() -> None:
    spec = load_connector_file(GOOD, name="crm.yaml")

    kept = json.loads(json.dumps(spec.model_dump(mode="json", exclude_none=True)))

    assert parse_connector_file(kept, name="crm") == spec
    assert spec.streams["customers"].map == {"kind": "'person'", "family_name": "name"}


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("kind: rest", "kind: resst", 2, "did you mean `rest`"),
        ("kind: rest\n", "", 1, "kind"),
        ("connector: crm", "conector: crm", 1, "did you mean `connector`"),
        ("connector: crm", "connector: CRM 1", 1, "connector"),
        ("urn:townclerk:interface:crm-api", "crm-api", 3, "interface"),
        ("type: bearer", "type: bearr", 4, "auth"),
        ("env:CRM_TOKEN", "hunter2", 4, "env:NAME"),
        ("secret:", "secrt:", 4, "did you mean `secret`"),
        ("    get:", "    gett:", 8, "did you mean `get`"),
        ("/customers", "customers", 8, "get"),
        ("/customers", "//evil.example", 8, "get"),
        ("records: items", "records: items..x", 9, "records"),
        ("type: cursor", "type: cursr", 10, "paging"),
        ("size: 500", "size: 0", 10, "size"),
        ("size: 500", "size: many", 10, "size"),
        ("next: next,", "", 10, "next"),
        ("next: next,", "next: items.next,", 10, "items"),
        (", size: 500", "", 10, "size_parameter"),
        ("key: id", "key: 'id ='", 11, "character"),
        ("family_name:", "familly_name:", 14, "did you mean `family_name`"),
        ("family_name: name", "family_name: upper(", 14, "stops making sense"),
        ("      kind: \"'person'\"\n", "", 12, "kind"),
        ("key: id", "key: id\n    incremental: {parameter: since}", 12, "needs `changed`"),
    ],
)
def test_a_fault_is_named_with_its_line(old: str, new: str, line: int, words: str) -> None:
    assert old in GOOD

    said = refused(GOOD.replace(old, new))

    assert f"line {line} " in said
    assert words in said
    assert "hunter2" not in said


def test_several_faults_are_named_at_once() -> None:
    said = refused(GOOD.replace("type: cursor", "type: cursr").replace("urn:town", "town"))

    assert "line 3" in said
    assert "line 7" in said
    assert "line 10" in said


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "mapping"),
        ("- a\n- b", "mapping"),
        ("just text", "mapping"),
        ("a: b: c", "line 1"),
        ("a: [", "line"),
        ("a: 'open", "line"),
        ("\x00", "not allow"),
        ("a: &x [1]\nb: *x", "aliases"),
        ("a: b\na: c", "line 2: this is not readable as YAML: `a` stands here twice"),
        ("{a: b, a: c}", "twice"),
        ("? [a, b]\n: c", "plain text"),
        ("a: " + "[" * 50, "deeper"),
        ("a: " + "[" * 5000, "deeper"),
        ("a: !!python/object/apply:os.system [ls]", "mapping|known|kind"),
        ("--- a\n--- b", "document"),
        ("a" * 500_000, "characters"),
        ("%YAML 9.9\n---\na: b", "YAML"),
    ],
)
def test_what_is_no_plain_yaml_is_refused(text: str, words: str) -> None:
    with pytest.raises(InvalidConnectorFile, match=words):
        load_connector_file(text, name="crm.yaml")


def test_plain_words_stay_words() -> None:
    text = GOOD.replace("name\n", "no\n").replace(
        "key: id", "key: id\n    parameters: {on: yes, n: 012}"
    )

    spec = load_connector_file(text, name="crm.yaml")

    assert spec.streams["customers"].map["family_name"] == "no"
    assert spec.streams["customers"].model_dump()["parameters"] == {"on": "yes", "n": "012"}


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200) | st.text(alphabet="ab:-[]{}&*!|>'\"%@`#,?\n \t", max_size=80))
def test_no_text_raises_anything_but_an_invalid_connector_file(text: str) -> None:
    with pytest.raises(InvalidConnectorFile):
        load_connector_file(text, name="x.yaml")


trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=8,
)
places = st.sampled_from(
    [("auth",), ("streams",), ("streams", "customers"), ("streams", "customers", "paging"),
     ("streams", "customers", "map"), ("streams", "customers", "key"), ("kind",), ("interface",)]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(places, trees)
def test_no_data_raises_anything_but_an_invalid_connector_file(
    place: tuple[str, ...], tree: Any
) -> None:
    data = load_connector_file(GOOD, name="x").model_dump(mode="json", exclude_none=True)
    inner = data
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = tree

    try:
        parse_connector_file(data, name="x")
    except InvalidConnectorFile as error:
        assert error.facts["name"] == "x"  # noqa: PT017  # some trees are good files


def test_our_own_kinds_are_found_like_anybody_elses() -> None:
    assert {"files", "graphql", "rest", "sql"} <= set(connector_kinds())
    for kind in connector_kinds():
        found: type[Connector] = find_connector(kind)
        assert found.kind == kind
        assert issubclass(found.stream_type, StreamSpec)


def test_an_unknown_kind_names_the_nearest_one_and_what_to_do() -> None:
    with pytest.raises(UnknownName, match="did you mean `graphql`") as caught:
        find_connector("grapqhl")

    assert "install" in caught.value.remedy


def test_a_way_to_sign_in_that_the_kind_does_not_know_is_refused() -> None:
    text = GOOD.replace("kind: rest", "kind: files").split("    get:")[0]
    text = re.sub("auth: .*", "auth: {type: zgw_jwt, client_id: a, secret: 'env:X'}", text)
    text += "    files: '*.csv'\n    key: id\n    map: {kind: \"'person'\"}\n"

    assert "signs in with one of: basic, bearer, none, s3, ssh" in refused(text)


def of_kind(kind: str, options: str) -> str:
    """Return a file of one stream with these options and a key, unless they name one."""
    key = "" if "key:" in options else "key: id\n    "
    head = GOOD.replace("kind: rest", f"kind: {kind}").split("auth:")[0]
    stream = f"data_set: urn:x:y\n    {key}map: {{kind: \"'person'\"}}\n    {options}\n"
    return f"{head}streams:\n  a:\n    {stream}"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("files: ../x.csv", "files"),
        ("files: '*.csv'\n    encoding: utf-16", "encoding"),
        ("files: '*.csv'\n    encoding: klingon", "encoding"),
        ("files: '*.csv'\n    delimiter: ';;'", "delimiter"),
        ("files: '*.csv'\n    delimiter: '\"'", "must differ"),
        ("files: '*.csv'\n    format: xsl", "format"),
        ("files: '*.csv'\n    size: 1000000", "size"),
    ],
)
def test_options_of_files_are_checked(options: str, words: str) -> None:
    text = of_kind("files", options)

    assert words in refused(text)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("select: DELETE FROM x", "select"),
        ("select: SELECT 1\n    key: upper(id)", "keyset"),
        ("select: SELECT 1\n    incremental: {column: at}", "needs `changed`"),
    ],
)
def test_options_of_sql_are_checked(options: str, words: str) -> None:
    text = of_kind("sql", options)

    assert words in refused(text)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("query: '{a}'\n    connection: data.a", "$first"),
        ("query: '$first $after'\n    connection: data.a\n    path: graphql", "path"),
        ("query: '$first $after'\n    connection: data.a\n    total: data.a.edges", "edges"),
    ],
)
def test_options_of_graphql_are_checked(options: str, words: str) -> None:
    text = of_kind("graphql", options)

    assert words in refused(text)


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("address: 'https://'", "names no server"),
        ("address: 'https://me:pw@crm.example'", "no user name and no password"),
        ("address: 'postgresql://me:pw@db.example/crm'", "no user name and no password"),
        ("address: 'https://[crm'", "this is no address"),
        ("requests_per_second: many", "a number is expected here"),
        ("timeout_seconds: 0", "it must be more than 0"),
        ("auth: {type: barer}", "did you mean `bearer`"),
        ("auth: {secret: 'env:X'}", "it needs a `type`"),
        ("auth: []", "names with values are expected here"),
        ("interface: not a urn", "a URN is written"),
    ],
)
def test_what_is_wrong_is_said_in_plain_words_and_without_the_value(part: str, words: str) -> None:
    head = "connector: crm\nkind: rest\nstreams:\n"
    stream = "  a: {get: /a, key: id, map: {kind: \"'person'\"}}\n"

    said = refused(f"{head}{stream}{part}\n")

    assert words in said
    assert "pw" not in said
