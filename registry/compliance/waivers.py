"""Waivers: findings that somebody accepted for somebody else, for a reason, until a day.

A waived finding stays visible and does not count. On the day of its expiry a waiver ends by
itself: nothing has to run for the finding to be open again.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Any
from uuid import UUID

from registry.compliance.rulesets.model import RuleSet
from schemas.compliance import CheckedDocument, Judged, Standing
from schemas.errors import InvalidInput

ANYWHERE = "**"
STARS_MAX = 3  # in one name of a pattern; more make a match slow and mean nothing
PROPOSALS_MAX = 1_000  # of one document; more is a document that waives itself


@dataclass(frozen=True)
class ActiveWaiver:
    """An approved waiver as a check needs it.

    Attributes:
        id: Identity.
        rule: Rule whose findings are accepted.
        path: Pattern of the finding's path, names separated by /; * is one name, ** any number.
        reason: Why, for reports.
        approved_by: Who agreed.
        expires_on: First day on which the findings are open again.
    """

    id: UUID
    rule: str
    path: str
    reason: str
    approved_by: str
    expires_on: date

    def why(self) -> str:
        """Return the waiver in words, for reports."""
        return f"{self.reason} (approved by {self.approved_by}, until {self.expires_on})"


@dataclass(frozen=True)
class Proposal:
    """A waiver that a document or rule set asks for; a person has to approve it.

    Attributes:
        rule: Rule whose findings it asks to accept.
        path: Pattern of the findings' paths.
        origin: What asks: a mark in the document, or an override of a rule set.
    """

    rule: str
    path: str
    origin: str


def apply(one: CheckedDocument, waivers: Sequence[ActiveWaiver], today: date) -> CheckedDocument:
    """Return the result with waived findings marked.

    Args:
        one: Result of a check.
        waivers: Approved waivers that concern the document.
        today: The day that decides which of them have expired.
    """
    live: dict[str, list[ActiveWaiver]] = {}
    for waiver in waivers:
        if today < waiver.expires_on:
            live.setdefault(waiver.rule, []).append(waiver)
    if not live:
        return one
    return replace(one, judged=tuple(_judge(each, live) for each in one.judged))


def _judge(each: Judged, live: dict[str, list[ActiveWaiver]]) -> Judged:
    for waiver in live.get(each.finding.code, ()):
        if matches(waiver.path, each.finding.path):
            return Judged(each.finding, Standing.WAIVED, waiver.why())
    return each


def matches(pattern: str, path: tuple[str, ...]) -> bool:
    """Say whether a path fits a pattern of names separated by /; / in a name is written ~1."""
    parts = [part for part in pattern.strip("/").split("/") if part]
    names = [name.replace("~", "~0").replace("/", "~1") for name in path]
    # reached[n]: the parts so far fit the first n names; no pattern makes this slow.
    reached = [True] + [False] * len(names)
    for part in parts:
        if part == ANYWHERE:
            first = reached.index(True) if True in reached else len(reached)
            reached = [at >= first for at in range(len(reached))]
        else:
            fits = _regex(part).fullmatch
            reached = [False] + [
                before and fits(name) is not None
                for before, name in zip(reached, names, strict=False)
            ]
    return reached[-1]


@lru_cache(maxsize=4096)
def _regex(part: str) -> re.Pattern[str]:
    if part.count("*") > STARS_MAX:
        raise InvalidInput(f"A name in the pattern has more than {STARS_MAX} stars.")
    return re.compile(".*".join(re.escape(piece) for piece in part.split("*")), re.DOTALL)


def proposals(data: Any, rule_sets: Iterable[RuleSet] = (), source: str = "") -> list[Proposal]:
    """Return what a document asks to be spared, and what overrides of rule sets spare it.

    Reads `x-noqa` (Italy), `x-zally-ignore` (Zalando) and `x-ignore-rules` (Belgium), each a list
    of rules or an object by rule, at any place of the document; they hold from there down.

    Args:
        data: The document's value.
        rule_sets: Rule sets whose overrides may concern it.
        source: Name of the document, for overrides.
    """
    found = list(_asked(data))
    for rule_set in rule_sets:
        for override in rule_set.overrides:
            if not override.concerns(source):
                continue
            pointer = (override.pointer or "#").removeprefix("#").strip("/")
            path = f"{pointer}/**" if pointer else ANYWHERE
            found += [
                Proposal(rule, path, "overrides")
                for rule, setting in override.rules
                if setting in ("off", False)
            ]
    return list(dict.fromkeys(found))[:PROPOSALS_MAX]


_KEYS = ("x-noqa", "x-zally-ignore", "x-ignore-rules")


def _asked(data: Any) -> Iterator[Proposal]:
    todo: list[tuple[Any, tuple[str, ...]]] = [(data, ())]
    seen: set[int] = set()  # YAML aliases share values
    while todo:
        value, path = todo.pop()
        if not isinstance(value, dict | list) or id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, list):
            todo += [(inner, (*path, str(at))) for at, inner in enumerate(value)]
            continue
        names = [name.replace("~", "~0").replace("/", "~1") for name in path]
        for key in _KEYS:
            for rule in _rules(value.get(key)):
                pattern = "/".join([*names, ANYWHERE]) if names else ANYWHERE
                yield Proposal(rule, pattern, key)
        todo += [(inner, (*path, str(name))) for name, inner in value.items()]


def _rules(value: Any) -> list[str]:
    if isinstance(value, str):
        return value.split()
    if isinstance(value, list | dict):
        return [str(one) for one in value if isinstance(one, str)]
    return []
