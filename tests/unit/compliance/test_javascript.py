"""Functions that a rule set brings itself run, and reach nothing."""

from pathlib import Path

import pytest

from registry.compliance import engine
from registry.compliance.rulesets import InvalidRuleSet, load

DOCUMENT = b'openapi: 3.0.3\ninfo: {title: t, version: "1"}\npaths: {}\n'
RULES = (
    "functions: [own]\n"
    "rules: {r: {given: $.info, then: {function: own, functionOptions: {a: 1}}}}\n"
)
ARROW = """
export default (input, options, {path}) =>
  [{message: input.title + options.a, path: [...path, 'title']}];"""
COMMON = """
module.exports = (input, options, context) =>
  [{message: input.title + options.a, path: context.path.concat(['title'])}];"""
WRAPPED = """
import { createRulesetFunction } from '@stoplight/spectral-core';
export default createRulesetFunction({}, (input, options, context) =>
  [{message: input.title + options.a, path: [...context.path, 'title']}]);"""


def found(folder: Path, script: str) -> list[tuple[str, tuple[str, ...], str]]:
    (folder / "functions").mkdir(exist_ok=True)
    (folder / "functions" / "own.js").write_text(script)
    (folder / "set.yaml").write_text(RULES)
    rule_set = load(folder / "set.yaml", javascript=True)
    return [(one.code, one.path, one.message) for one in engine.check(
        DOCUMENT, rule_set, source="x.yaml"
    )]  # fmt: skip


@pytest.mark.parametrize("script", [ARROW, COMMON, WRAPPED])
def test_a_function_of_a_rule_set_complains(tmp_path: Path, script: str) -> None:
    assert found(tmp_path, script) == [("r", ("info", "title"), "t1")]


@pytest.mark.parametrize(
    "script",
    [
        "export default () => { while (true) {} }",
        "export default () => { let s = 'x'; while (true) s += s; }",
        "export default () => { const f = () => f() + 1; return f(); }",
        "export default () => { throw new Error('no'); }",
        "export default () => require('fs').readFileSync('/etc/passwd')",
        "export default () => fetch('http://127.0.0.1/')",
        "export default () => std.open('/etc/passwd', 'r')",
    ],
)
def test_a_function_that_misbehaves_is_an_engine_error(tmp_path: Path, script: str) -> None:
    assert [code for code, _, _ in found(tmp_path, script)] == ["engine-error"]


@pytest.mark.parametrize(
    "script", ["export default 7;", "(", "import fs from 'fs'; export default () => []"]
)
def test_a_function_that_cannot_be_read_is_refused(tmp_path: Path, script: str) -> None:
    with pytest.raises(InvalidRuleSet):
        found(tmp_path, script)


def test_scripts_stay_shut_unless_asked_for(tmp_path: Path) -> None:
    found(tmp_path, "export default () => [];")
    with pytest.raises(InvalidRuleSet):
        load(tmp_path / "set.yaml")
    (tmp_path / "set.yaml").write_text(RULES.replace("[own]", "[../../own]"))
    with pytest.raises(InvalidRuleSet):
        load(tmp_path / "set.yaml", javascript=True)
