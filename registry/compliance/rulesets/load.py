"""Loading rule sets: YAML or JSON files, what they extend, and the sets that come with us.

Nothing outside the file's own folder tree and our bundled sets is read, and nothing is fetched.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from registry.compliance.formats import canonical
from registry.compliance.functions import known_functions
from registry.compliance.jsonpath.parse import read_path
from registry.compliance.jsonpath.select import Selector
from registry.compliance.jsonpath.values import json_text
from registry.compliance.parsing.json_tokens import read_json
from registry.compliance.parsing.yaml_events import read_yaml
from registry.compliance.rulesets.aliases import read_aliases, spelled_out
from registry.compliance.rulesets.model import (
    OFF,
    InvalidRuleSet,
    Rule,
    RuleSet,
    Then,
    severity_number,
)
from registry.compliance.rulesets.overrides import Override
from schemas.errors import InvalidInput

BUNDLED = Path(__file__).parents[1] / "bundled"
FILE_BYTES_MAX = 4 * 2**20  # the largest public rule set has 0.2 MB
FILES_MAX = 200  # a national rule set extends about fifty files
_NAMES = {
    "spectral:oas": "oas.yaml",
    "oas": "oas.yaml",
    "townclerk:municipal": "municipal.yaml",
    "municipal": "municipal.yaml",
    "townclerk:asyncapi": "asyncapi.yaml",
}


def load(
    path_or_name: str | Path, *, leave_out_unknown: bool = False, javascript: bool = False
) -> RuleSet:
    """Load a rule set.

    Args:
        path_or_name: A file in Spectral's format (.yaml, .yml or .json), or a bundled name:
            `spectral:oas`, `townclerk:municipal` or `townclerk:asyncapi`.
        leave_out_unknown: Switch off rules whose functions we do not have, and name them in
            `left_out`, instead of refusing the rule set.
        javascript: Run the functions in JavaScript that the set brings; needs the extra `js`.

    Returns:
        The rule set with everything it extends.

    Raises:
        InvalidRuleSet: It cannot be read, extends itself, or uses what we do not have.
    """
    return _Loader(leave_out_unknown=leave_out_unknown, javascript=javascript).load(path_or_name)


class _Loader:
    def __init__(self, *, leave_out_unknown: bool, javascript: bool) -> None:
        self.leave_out_unknown = leave_out_unknown
        self.javascript = javascript
        self.scripts: dict[str, str] = {}
        self.digest = hashlib.sha256()
        self.files = 0
        self.stack: list[Path] = []
        self.next_owner = 0
        self.contents: dict[Path, str] = {}

    def load(self, path_or_name: str | Path) -> RuleSet:
        path = self._locate(str(path_or_name), None)
        found = self._file(path, "recommended", explicit=False, root=path.parent)
        found.name = str(path_or_name)
        found.digest = self.digest.hexdigest()
        found.files = {
            file.relative_to(path.parent).as_posix(): text
            for file, text in self.contents.items()
            if not file.is_relative_to(BUNDLED)
        }
        if self.scripts:
            from registry.compliance.functions.javascript import load_functions

            found.functions = dict(load_functions(self.scripts))
        for rule in found.rules.values():
            self._prepare(found, rule)
        return found

    def _locate(self, name: str, beside: Path | None) -> Path:
        if name in _NAMES:
            return BUNDLED / _NAMES[name]
        if name.startswith("spectral:") or "://" in name:
            raise InvalidRuleSet(
                f"The rule set {name!r} is not one of ours and is not fetched.",
                remedy="Download it, look at it, and load it as a file.",
            )
        path = (beside / name if beside is not None else Path(name)).resolve()
        if not path.is_file():
            raise InvalidRuleSet(f"There is no rule set file {name!r}.")
        return path

    def _file(self, path: Path, severity: str, *, explicit: bool, root: Path) -> RuleSet:
        if path in self.stack:
            return RuleSet(path.name)  # a rule set that extends itself adds nothing to itself
        if not path.is_relative_to(root.resolve()) and not path.is_relative_to(BUNDLED):
            raise InvalidRuleSet(f"{path.name!r} lies outside the folder of the rule set.")
        self.files += 1
        if self.files > FILES_MAX:
            raise InvalidRuleSet(f"The rule set is spread over more than {FILES_MAX} files.")
        self.stack.append(path)
        definition = self._read(path)
        if path.parent == BUNDLED:
            self._add_finding_texts(definition, path)
        if self.javascript:
            self._read_scripts(definition, path.parent, root)
        self.next_owner += 1
        made = _Merge(self.next_owner, definition, severity, explicit=explicit)
        for name, level, is_explicit in _extends(definition, path.name):
            inner = self._locate(name, path.parent)
            made.extend(self._file(inner, level, explicit=is_explicit, root=root))
        self.stack.pop()
        return made.finish(path.name, top=not self.stack)

    def _read(self, path: Path) -> dict[str, Any]:
        content = path.read_bytes()
        if len(content) > FILE_BYTES_MAX:
            raise InvalidRuleSet(f"{path.name!r} has more than {FILE_BYTES_MAX:,} bytes.")
        self.digest.update(len(content).to_bytes(8, "big") + content)
        text = content.decode("utf-8-sig", errors="replace")
        self.contents[path] = content.decode("utf-8", errors="surrogateescape")
        tree, remarks = (read_json if path.suffix == ".json" else read_yaml)(text)
        broken = next((remark for remark in remarks if remark.kind == "syntax"), None)
        data = tree.values[0] if tree.values else None
        if broken is not None or not isinstance(data, dict):
            words = broken.message if broken is not None else "it is not a mapping"
            raise InvalidRuleSet(f"{path.name!r} cannot be read: {words}.")
        return data

    def _read_scripts(self, definition: dict[str, Any], beside: Path, root: Path) -> None:
        """Read the functions in JavaScript that a definition names."""
        folder = beside / str(definition.get("functionsDir", "functions"))
        for item in definition.get("functions") or ():
            name = str(item[0] if isinstance(item, list) and item else item)
            path = (folder / f"{name}.js").resolve()
            if not path.is_relative_to(root.resolve()) or not path.is_file():
                raise InvalidRuleSet(f"There is no function {name!r} in the rule set's folder.")
            content = path.read_bytes()
            if len(content) > FILE_BYTES_MAX:
                raise InvalidRuleSet(f"{path.name!r} has more than {FILE_BYTES_MAX:,} bytes.")
            self.digest.update(len(content).to_bytes(8, "big") + content)
            self.contents[path] = content.decode("utf-8", errors="surrogateescape")
            self.scripts[name] = content.decode("utf-8-sig", errors="replace")

    def _add_finding_texts(self, definition: dict[str, Any], path: Path) -> None:
        """Give rules of a bundled set their messages, which stand in a file of their own."""
        beside = path.with_name(f"{path.stem}-finding-texts.yaml")
        texts = self._read(beside) if beside.is_file() else {}
        for name, text in texts.items():
            definition["rules"][name].setdefault("message", text)

    def _prepare(self, found: RuleSet, rule: Rule) -> None:
        """Compile what the rule needs, so that mistakes show when loading and not in the night."""
        if not rule.enabled:
            return
        unknown = {then.function for then in rule.then} - known_functions() - set(found.functions)
        if unknown and self.leave_out_unknown:
            rule.enabled = False
            found.left_out.append(rule.name)
            return
        if unknown:
            names = ", ".join(sorted(unknown))
            raise InvalidRuleSet(f"Rule {rule.name!r} uses functions that we do not have: {names}.")
        try:
            for expression in spelled_out(rule.aliases, rule.given, None):
                found.selectors.setdefault(expression, Selector(read_path(expression)))
        except InvalidInput as wrong:
            raise InvalidRuleSet(f"Rule {rule.name!r}: {wrong.what}") from wrong


def _extends(definition: dict[str, Any], name: str) -> Iterable[tuple[str, str, bool]]:
    given = definition.get("extends", [])
    for item in given if isinstance(given, list) else [given]:
        pair = item if isinstance(item, list) and len(item) == 2 else None
        if pair is None and not isinstance(item, str):
            raise InvalidRuleSet(f"{name!r} extends something that is not a name.")
        level = str(pair[1]) if pair else "recommended"
        if level not in ("off", "recommended", "all"):
            raise InvalidRuleSet(f"{name!r} extends with {level!r}; use off, recommended or all.")
        yield (str(pair[0]) if pair else item), level, pair is not None


class _Merge:
    """Puts one definition on top of what it extends."""

    def __init__(
        self, owner: int, definition: dict[str, Any], severity: str, *, explicit: bool
    ) -> None:
        self.owner = owner
        self.definition = definition
        self.severity = severity
        self.explicit = explicit
        self.rules: dict[str, Rule] = {}
        self.formats: list[str] = [canonical(str(name)) for name in definition.get("formats") or ()]
        self.own_formats = tuple(self.formats) if "formats" in definition else None
        self.aliases = read_aliases(definition.get("aliases") or {})

    def extend(self, inner: RuleSet) -> None:
        self._add_formats(inner.formats)
        for name, rule in inner.rules.items():
            self.rules[name] = rule
            if self.explicit:
                rule.enabled = self._is_enabled(rule)

    def _add_formats(self, names: Iterable[str]) -> None:
        self.formats += [name for name in names if name not in self.formats]

    def _is_enabled(self, rule: Rule) -> bool:
        return self.severity == "all" or (self.severity == "recommended" and rule.recommended)

    def finish(self, name: str, *, top: bool) -> RuleSet:
        for rule_name, definition in (self.definition.get("rules") or {}).items():
            try:
                self._rule(str(rule_name), definition)
            except InvalidRuleSet as wrong:
                raise InvalidRuleSet(f"{name!r}, rule {rule_name!r}: {wrong.what}") from wrong
        options = self.definition.get("parserOptions") or {}
        return RuleSet(
            name,
            self.rules,
            self.formats,
            severity_number(options.get("duplicateKeys", 0)),
            severity_number(options.get("incompatibleValues", 0)),
            _overrides(self.definition) if top else (),
        )

    def _rule(self, name: str, definition: Any) -> None:
        existing = self.rules.get(name)
        if isinstance(definition, dict):
            rule = self._defined(existing, name, definition)
        elif existing is None:
            raise InvalidRuleSet("it changes a rule that is not there")
        else:
            rule = _switched(existing, definition)
        self.rules[name] = rule
        if rule.owner == self.owner or self.explicit:
            rule.enabled = self._is_enabled(rule)
        if rule.formats is not None:
            self._add_formats(rule.formats)
        elif rule.owner == self.owner:
            rule.formats = self.own_formats
        home = self.definition.get("documentationUrl")
        if isinstance(home, str) and rule.documentation_url is None:
            rule.documentation_url = f"{home}#{name}"

    def _defined(self, existing: Rule | None, name: str, definition: dict[str, Any]) -> Rule:
        if existing is None and ("given" not in definition or "then" not in definition):
            raise InvalidRuleSet("it needs `given` and `then`")
        rule = existing or Rule(name, owner=self.owner, aliases=self.aliases)
        if "given" in definition:
            rule.given = _texts(definition["given"])
            rule.aliases = self.aliases
        if "then" in definition:
            rule.then = _thens(definition["then"])
        if "severity" in definition:
            rule.severity = severity_number(definition["severity"])
        if "formats" in definition:
            rule.formats = tuple(canonical(str(item)) for item in definition["formats"] or ())
        rule.message = _optional(definition, "message", rule.message)
        rule.description = _optional(definition, "description", rule.description)
        rule.documentation_url = _optional(definition, "documentationUrl", rule.documentation_url)
        rule.resolved = definition.get("resolved", rule.resolved) is not False
        rule.recommended = definition.get("recommended", rule.recommended) is not False
        if existing is not None:
            rule.enabled = True
        return rule


def _switched(rule: Rule, setting: Any) -> Rule:
    if isinstance(setting, bool):
        rule.enabled = setting
        return rule
    rule.severity = severity_number(setting)
    rule.enabled = rule.severity != OFF
    return rule


def _texts(value: Any) -> tuple[str, ...]:
    items = value if isinstance(value, list) else [value]
    if not all(isinstance(item, str) for item in items):
        raise InvalidRuleSet("`given` must be a path or a list of paths")
    return tuple(items)


def _thens(value: Any) -> tuple[Then, ...]:
    thens: list[Then] = []
    for item in value if isinstance(value, list) else [value]:
        if not isinstance(item, dict) or not isinstance(item.get("function"), str):
            raise InvalidRuleSet("every `then` must name a function")
        field = item.get("field")
        named = None if field is None else str(field)
        options = item.get("functionOptions")
        thens.append(Then(item["function"], named, options, json_text(options)))
    return tuple(thens)


def _optional(definition: dict[str, Any], name: str, before: str | None) -> str | None:
    value = definition.get(name, before)
    return value if value is None or isinstance(value, str) else str(value)


def _overrides(definition: dict[str, Any]) -> tuple[Override, ...]:
    found: list[Override] = []
    for item in definition.get("overrides") or ():
        if not isinstance(item, dict):
            raise InvalidRuleSet("every override must be a mapping")
        rules = tuple((item.get("rules") or {}).items())
        for pattern in item.get("files") or ():
            name, mark, pointer = str(pattern).partition("#")
            found.append(Override(name or "**", "#" + pointer if mark else None, rules))
    return tuple(found)


def for_source(rule: Rule, overrides: tuple[Override, ...], source: str) -> Rule:
    """Return the rule as the overrides without a pointer leave it for one file."""
    for override in overrides:
        setting = dict(override.rules).get(rule.name)
        if override.pointer is None and setting is not None and override.concerns(source):
            severity = setting.get("severity") if isinstance(setting, dict) else setting
            rule = _switched(replace(rule), rule.severity if severity is None else severity)
    return rule
