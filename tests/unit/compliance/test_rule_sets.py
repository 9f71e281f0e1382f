"""Rule sets: what they extend, switch and override, and what is refused when loading."""

import time
from pathlib import Path

import pytest

from registry.compliance import engine
from registry.compliance.rulesets import InvalidRuleSet, RuleSet, load
from schemas.compliance import Severity

DOCUMENT = b'openapi: 3.0.0\ninfo: {title: t, version: "1"}\npaths: {/a_b/: {}}\n'


def rule_set(folder: Path, text: str, name: str = "rules.yaml") -> RuleSet:
    (folder / name).write_text(text, "utf-8")
    return load(folder / name)


def codes(loaded: RuleSet, document: bytes = DOCUMENT) -> list[str]:
    return [finding.code for finding in engine.check(document, loaded, source="doc.yaml")]


def test_extends_off_recommended_and_all(tmp_path: Path) -> None:
    off = rule_set(tmp_path, "extends: [[spectral:oas, off]]")
    everything = rule_set(tmp_path, "extends: [[spectral:oas, all]]")
    recommended = rule_set(tmp_path, "extends: spectral:oas")

    assert codes(off) == []
    assert set(codes(recommended)) < set(codes(everything))
    assert "info-license" in codes(everything)
    assert "info-license" not in codes(recommended)


def test_a_rule_of_a_set_that_is_off_can_be_switched_on(tmp_path: Path) -> None:
    loaded = rule_set(
        tmp_path, "extends: [[spectral:oas, off]]\nrules: {path-keys-no-trailing-slash: hint}"
    )
    found = engine.check(DOCUMENT, loaded, source="doc.yaml")
    assert [(f.code, f.severity) for f in found] == [("path-keys-no-trailing-slash", Severity.HINT)]


def test_a_rule_can_be_redefined_and_keeps_what_is_not_said(tmp_path: Path) -> None:
    loaded = rule_set(
        tmp_path,
        'extends: [[spectral:oas, off]]\nrules: {info-contact: {message: "Who? {{error}}"}}',
    )
    found = engine.check(DOCUMENT, loaded, source="doc.yaml")
    assert [f.message for f in found] == ['Who? "info.contact" property must be truthy']


def test_aliases_may_differ_by_format(tmp_path: Path) -> None:
    loaded = rule_set(
        tmp_path,
        """
formats: [oas2, oas3]
aliases:
  Names:
    targets:
      - {formats: [oas2], given: ["$.swagger"]}
      - {formats: [oas3], given: ["$.openapi"]}
rules:
  named: {given: "#Names", message: "{{value}}", then: {function: falsy}}
""",
    )
    assert [f.message for f in engine.check(DOCUMENT, loaded, source="d.yaml")] == ["3.0.0"]


def test_overrides_change_severity_for_files_and_parts(tmp_path: Path) -> None:
    loaded = rule_set(
        tmp_path,
        """
rules:
  no-title: {given: "$.info", then: {field: title, function: falsy}}
  no-version: {given: "$.info", then: {field: version, function: falsy}}
overrides:
  - {files: ["old/*.yaml"], rules: {no-title: off}}
  - {files: ["**#/info/version"], rules: {no-version: info}}
""",
    )
    new = engine.check(DOCUMENT, loaded, source="new/doc.yaml")
    old = engine.check(DOCUMENT, loaded, source="old/doc.yaml")
    assert [(f.code, f.severity) for f in new] == [
        ("no-title", Severity.WARNING),
        ("no-version", Severity.INFORMATION),
    ]
    assert [f.code for f in old] == ["no-version"]


def test_rules_see_references_followed_unless_they_say_no(tmp_path: Path) -> None:
    document = b"components: {schemas: {A: {$ref: '#/components/schemas/B'}, B: {title: x}}}\n"
    seen = "rules: {r: {%s given: '$.components.schemas.A', then: {field: title, function: falsy}}}"
    assert codes(rule_set(tmp_path, seen % ""), document) == ["r"]
    assert codes(rule_set(tmp_path, seen % "resolved: false,"), document) == []


def test_a_rule_set_that_extends_itself_loads(tmp_path: Path) -> None:
    loaded = rule_set(
        tmp_path, "extends: [./rules.yaml]\nrules: {r: {given: $, then: {function: falsy}}}"
    )
    assert codes(loaded) == ["r"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("extends: https://example.org/rules.yaml", "is not fetched"),
        ("extends: spectral:asyncapi", "is not one of ours"),
        ("extends: ../outside.yaml", "lies outside the folder"),
        ("extends: missing.yaml", "There is no rule set file"),
        ("rules: {absent: error}", "changes a rule that is not there"),
        ("rules: {r: {given: $, then: {function: myFunction}}}", "do not have: myFunction"),
        ("rules: {r: {given: '#Nowhere', then: {function: falsy}}}", "no alias 'Nowhere'"),
        ("aliases: {A: ['#A']}\nrules: {r: {given: '#A', then: {function: falsy}}}", "itself"),
        ("rules: {r: {given: '$.a[?(@.b', then: {function: falsy}}}", "not closed"),
        ("rules: {r: {severity: loud, given: $, then: {function: falsy}}}", "not a severity"),
        ("rules: [", "cannot be read"),
        ("- a", "not a mapping"),
    ],
)
def test_a_rule_set_that_cannot_work_is_refused_when_loading(
    text: str, words: str, tmp_path: Path
) -> None:
    (tmp_path / "outside.yaml").write_text("rules: {}", "utf-8")
    inner = tmp_path / "inner"
    inner.mkdir()
    with pytest.raises(InvalidRuleSet, match=words.replace("[", r"\[")):
        rule_set(inner, text)


def test_rules_with_unknown_functions_can_be_left_out(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(
        "rules: {own: {given: $, then: {function: myFunction}},"
        " plain: {given: $, then: {function: falsy}}}",
        "utf-8",
    )
    loaded = load(tmp_path / "rules.yaml", leave_out_unknown=True)
    assert loaded.left_out == ["own"]
    assert codes(loaded) == ["plain"]


def test_a_catastrophic_pattern_in_a_rule_set_is_an_engine_error(tmp_path: Path) -> None:
    loaded = rule_set(
        tmp_path,
        "rules: {r: {given: $.x, then: {function: pattern,"
        " functionOptions: {match: '^(([a-z])+.)+[A-Z]([a-z])+$'}}}}",
    )
    began = time.process_time()
    found = engine.check(b"x: " + b"a" * 5_000 + b"!", loaded, source="d.yaml")
    assert time.process_time() - began < 1
    assert [f.code for f in found] == ["engine-error"]
    assert "took more than" in found[0].message


def test_where_a_filter_fails_the_run_goes_on(tmp_path: Path) -> None:
    loaded = rule_set(
        tmp_path,
        """
rules:
  fails: {given: '$..list[?(@.a.b == 1)]', then: {function: falsy}}
  works: {given: $.list, then: {function: falsy}}
""",
    )
    found = engine.check(b"list: [{a: 1}, {c: 2}]\n", loaded, source="d.yaml")
    assert [(f.code, f.path) for f in found] == [
        ("works", ("list",)),
        ("engine-error", ("list", "1")),
    ]
    assert "Rule 'fails' could not be evaluated here" in found[1].message


def test_the_digest_covers_every_file(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text("rules: {}", "utf-8")
    first = rule_set(tmp_path, "extends: base.yaml").digest
    again = rule_set(tmp_path, "extends: base.yaml").digest
    (tmp_path / "base.yaml").write_text("rules: {} # changed", "utf-8")
    assert first == again != rule_set(tmp_path, "extends: base.yaml").digest
