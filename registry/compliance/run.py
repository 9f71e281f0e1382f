"""One check of one document: which rules concern it, where they look, and what they find."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from registry.compliance.formats import formats_of
from registry.compliance.functions import FUNCTIONS, Call, Result
from registry.compliance.jsonpath.run import SCRIPT_ERRORS
from registry.compliance.jsonpath.select import Selection
from registry.compliance.jsonpath.values import is_object
from registry.compliance.locate import Spot
from registry.compliance.messages import filled
from registry.compliance.parsing.tree import ABSENT, Tree
from registry.compliance.pointers import printed
from registry.compliance.rulesets.aliases import spelled_out
from registry.compliance.rulesets.load import for_source
from registry.compliance.rulesets.model import OFF, Rule, RuleSet, severity_number
from registry.compliance.subject import Subject
from registry.compliance.targets import targets_of
from registry.compliance.view import View
from schemas.compliance import Finding, Severity
from schemas.errors import InvalidInput

RULE_FINDINGS_MAX = 50_000  # of one rule in one document; the noisiest known gives 10,000
ENGINE_ERROR = "engine-error"

_Answer = tuple[Call, Result]


@dataclass(frozen=True, slots=True)
class _Failure:
    """A place at which a rule itself failed."""

    place: int
    where: str
    wrong: BaseException


class Run:
    """The state of one check; functions see it through their Call."""

    def __init__(self, subject: Subject, ruleset: RuleSet) -> None:
        self.subject = subject
        self.document = subject.document
        self.tree: Tree = subject.tree
        self.references = subject.references
        self.ruleset = ruleset
        self.followed = subject.followed
        self.written = subject.written
        self.locator = subject.locator
        self.schemas = subject.schemas
        self.formats: frozenset[str] = frozenset()
        self.findings: list[Finding] = []
        self._without: dict[int, dict[str, Any]] = {}

    def run(self) -> list[Finding]:
        """Apply every rule that concerns the document."""
        data = self.followed.value(0) if self.tree.values else None
        self.formats = formats_of(data, self.ruleset.formats)
        for known in self.ruleset.rules.values():
            rule = for_source(known, self.ruleset.overrides, self.document.source)
            if rule.enabled and self._concerns(rule):
                self._rule(rule)
        return self.findings

    def _concerns(self, rule: Rule) -> bool:
        return rule.formats is None or any(name in self.formats for name in rule.formats)

    def _rule(self, rule: Rule) -> None:
        view = self.followed if rule.resolved else self.written
        if not self.tree.values or not is_object(self.tree.values[0]):
            self._scalar_document(rule)
            return
        enough = len(self.findings) + RULE_FINDINGS_MAX
        for answer in self._answers(rule, view):
            if len(self.findings) >= enough:
                words = f"more than {RULE_FINDINGS_MAX:,} findings; the rest is left out"
                self._engine_error(rule, _Failure(0, "findings", InvalidInput(words)))
                break
            if isinstance(answer, _Failure):
                self._engine_error(rule, answer)
            else:
                self._report(rule, *answer)

    def _scalar_document(self, rule: Rule) -> None:
        """Apply a rule to a document that is empty or only a text or number."""
        if "$" not in rule.given:
            return
        answers: list[_Answer | _Failure] = []
        self._place(rule, 0, self.document.data, (), answers)
        for answer in answers:
            if not isinstance(answer, _Failure):
                self._found(rule, answer[1], Spot(0, (), "", self.document.data))

    def _answers(self, rule: Rule, view: View) -> list[_Answer | _Failure]:
        """Return what the rule's functions say; rules that differ in words only share it."""
        given = tuple(spelled_out(rule.aliases, rule.given, self.formats))
        own = self.ruleset.digest if self.ruleset.functions else ""
        key = (given, rule.then, rule.resolved, self.formats, own)
        known = self.subject.answers.get(key)
        if known is None:
            known = self.subject.answers[key] = self._ask(rule, view, given)
        return known

    def _ask(self, rule: Rule, view: View, given: tuple[str, ...]) -> list[_Answer | _Failure]:
        answers: list[_Answer | _Failure] = []

        def failed(place: int, wrong: BaseException) -> None:
            answers.append(_Failure(place, "given", wrong))

        places: dict[tuple[int, bool], list[Selection]] = {}
        for expression in given:
            selector = self.ruleset.selectors[expression]
            selection = selector.select(view, failed)
            for place in selection.places:
                places.setdefault((place, selector.takes_key), []).append(selection)
        for (place, is_key), ways in places.items():
            value = self.tree.keys[place] if is_key else view.value(place)
            self._place(rule, place, value, ways, answers)
        return answers

    def _place(
        self,
        rule: Rule,
        place: int,
        value: Any,
        ways: Iterable[Selection],
        answers: list[_Answer | _Failure],
    ) -> None:
        for then in rule.then:
            try:
                for suffix, target in targets_of(value, then.field):
                    call = Call(self, place, suffix, rule.resolved, ways)
                    function = self.ruleset.functions.get(then.function)
                    function = function or FUNCTIONS[then.function]
                    results = function(target, then.options or {}, call)
                    answers.extend((call, result) for result in results or ())
            except SCRIPT_ERRORS as wrong:
                answers.append(_Failure(place, f"function {then.function}", wrong))

    def _report(self, rule: Rule, call: Call, result: Result) -> None:
        if result.absolute is not None:
            place, suffix = 0, result.absolute
        else:
            place, suffix = call.place, (*call.suffix, *result.below)
        suffix = tuple(name.replace("~1", "/").replace("~0", "~") for name in suffix)
        if not rule.resolved:
            self._found(rule, result, self.locator.written(place, suffix))
            return
        view = self.followed
        direct = place == 0 or any(way.is_direct(view, place) for way in call.ways)
        behind = place != 0 and any(way.is_behind(view, place) for way in call.ways)
        for spot in self.locator.followed(place, suffix, direct=direct, behind=behind):
            self._found(rule, result, spot)

    def _found(self, rule: Rule, result: Result, spot: Spot) -> None:
        severity = self._severity(rule, spot.path)
        if severity == OFF:
            return
        facts = {
            "property": spot.property,
            "error": result.message,
            "path": printed(spot.path),
            "description": rule.description,
            "value": spot.value,
        }
        message = facts["error"] = filled(result.message, facts)
        if rule.message is not None:
            message = filled(rule.message, facts)
        elif rule.description is not None:
            message = rule.description
        self.findings.append(
            Finding(
                rule.name,
                Severity(severity),
                spot.path,
                message.strip(),
                self.document.range_of(spot.row),
                self.document.source,
                rule.documentation_url,
            )
        )

    def _severity(self, rule: Rule, path: tuple[str, ...]) -> int:
        """Return the severity, as an override for this part of the document may change it."""
        severity = rule.severity
        closest = ""
        for override in self.ruleset.overrides:
            setting = dict(override.rules).get(rule.name)
            if override.pointer is None or setting is None:
                continue
            inside = (printed(path) + "/").startswith(override.pointer + "/")
            closer = inside and len(override.pointer) >= len(closest)
            if closer and override.concerns(self.document.source):
                closest = override.pointer
                severity = severity_number(setting)
        return severity

    def _engine_error(self, rule: Rule, failure: _Failure) -> None:
        words = str(failure.wrong) or type(failure.wrong).__name__
        if isinstance(failure.wrong, RecursionError):
            words = "Maximum call stack size exceeded"
        self.findings.append(
            Finding(
                ENGINE_ERROR,
                Severity.ERROR,
                self.tree.path(failure.place),
                f"Rule {rule.name!r} could not be evaluated here ({failure.where}): {words}",
                self.document.range_of(failure.place),
                self.document.source,
            )
        )

    def without_required(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Return an OpenAPI 2.0 parameter as a schema; its `required` is a flag, not a list."""
        found = self._without.get(id(schema))
        if found is None:
            found = {name: value for name, value in schema.items() if name != "required"}
            self._without[id(schema)] = found
        return found

    def relaxations(self, place: int, version: int) -> list[str | None]:
        """Return which members an example may lack: readOnly ones in requests, and so on."""
        found: list[str | None] = []
        if version == 3 and self._requests[place]:
            found.append("readOnly")
        if self._responses[version][place]:
            found.append("writeOnly")
        if not found or self._elsewhere(place):
            found.append(None)
        return found

    def _elsewhere(self, place: int) -> bool:
        path = self.tree.path(place)
        if path[:1] == ("paths",):
            return len(path) < 4 or path[3] not in ("requestBody", "responses")
        return path[:2] not in {("components", "requestBodies"), ("components", "responses")}

    @cached_property
    def _requests(self) -> bytearray:
        bodies = self._named(self._named([0], ["components"]), ["requestBodies"])
        return self.followed.reachable(bodies + self._of_operations("requestBody"))

    @cached_property
    def _responses(self) -> dict[int, bytearray]:
        shared = self._named(self._named([0], ["components"]), ["responses"])
        own = self._of_operations("responses")
        return {
            2: self.followed.reachable(self._named([0], ["responses"]) + own),
            3: self.followed.reachable(shared + own),
        }

    def _of_operations(self, name: str) -> list[int]:
        items = [
            below for place in self._named([0], ["paths"]) for below in self.followed.below(place)
        ]
        operations = [below for item in items for below in self.followed.below(item)]
        return self._named(operations, [name])

    def _named(self, places: Iterable[int], names: list[str]) -> list[int]:
        found = [self.followed.child(place, name) for place in places for name in names]
        return [place for place in found if place != ABSENT]
