"""Functions about texts and their order: pattern, casing, alphabetical."""

import math
import re
from itertools import pairwise
from typing import Any

from registry.compliance.functions.call import Call, Result
from registry.compliance.jsonpath.values import is_number, is_object, json_text, number, printed
from registry.compliance.regexes import Regex, regex_of

_SLASHED = re.compile(r"/(.+)/([a-z]*)\Z")
_LOWER_RUN = "[a-z][a-z{digits}]*"
_HUMPS = "(?:[A-Z{digits}](?:[a-z{digits}]+|$))*"
_CASES = {
    "flat": _LOWER_RUN,
    "camel": _LOWER_RUN + _HUMPS,
    "pascal": "[A-Z][a-z{digits}]*" + _HUMPS,
    "kebab": _LOWER_RUN + "(?:-[a-z{digits}]+)*",
    "cobol": "[A-Z][A-Z{digits}]*(?:-[A-Z{digits}]+)*",
    "snake": _LOWER_RUN + "(?:_[a-z{digits}]+)*",
    "macro": "[A-Z][A-Z{digits}]*(?:_[A-Z{digits}]+)*",
}


def _regex(pattern: str) -> Regex:
    match = _SLASHED.match(pattern)
    return regex_of(match[1], match[2]) if match else regex_of(pattern)


def pattern(value: Any, options: Any, _call: Call) -> list[Result] | None:
    """Complain when a text does not match `match`, or matches `notMatch`."""
    if not isinstance(value, str):
        return None
    results: list[Result] = []
    if "match" in options and not _regex(options["match"]).test(value):
        words = f"must match the pattern {json_text(options['match'])}"
        results.append(Result('#{{print("value")}} ' + words))
    if "notMatch" in options and _regex(options["notMatch"]).test(value):
        words = f"must not match the pattern {json_text(options['notMatch'])}"
        results.append(Result('#{{print("value")}} ' + words))
    return results


def casing(value: Any, options: Any, _call: Call) -> list[Result] | None:
    """Complain when a text is not written in the given case."""
    if not isinstance(value, str) or not value:
        return None
    separator = options.get("separator") or {}
    sign = separator.get("char")
    leading = separator.get("allowLeading") is True
    if leading and value == sign:
        return None
    digits = options.get("disallowDigits") is not True
    if _case_regex(options["type"], digits, sign, leading).test(value):
        return None
    return [Result(f"must be {options['type']} case")]


def _case_regex(kind: str, digits: bool, sign: str | None, leading: bool) -> Regex:
    body = _CASES[kind].replace("{digits}", "0-9" if digits else "")
    if sign is None:
        return regex_of(f"^{body}$")
    if not sign:
        return regex_of(f"^{body}(?:[]{body})*$")
    escaped = re.sub(r"[\\^$.*+?()[\]{}|-]", r"\\\g<0>", sign)
    start = f"[{escaped}]?" if leading else ""
    return regex_of(f"^{start}{body}(?:[{escaped}]{body})*$")


def _out_of_order(left: Any, right: Any) -> bool:
    if _numeric(left) and _numeric(right):
        return number(left) > number(right)
    if not isinstance(left, str) or not isinstance(right, str):
        return False
    return _collation(left) > _collation(right)


def _numeric(value: Any) -> bool:
    return is_number(value) or not math.isnan(number(value))


def _collation(text: str) -> tuple[str, str]:
    return text.casefold(), text.swapcase()


def alphabetical(value: Any, options: Any, _call: Call) -> list[Result] | None:
    """Complain about the first two items, keys or members that are not in alphabetical order."""
    if not is_object(value):
        return None
    keyed_by = (options or {}).get("keyedBy")
    items = list(value)
    if len(items) < 2:
        return None
    if keyed_by is not None:
        if not all(is_object(item) for item in items):
            return [Result('#{{print("property")}}must be an object')]
        items = [item.get(keyed_by) if isinstance(item, dict) else None for item in items]
    if not all(isinstance(item, str) or is_number(item) for item in items):
        words = "must be one of the allowed types: number, string"
        return [Result('#{{print("property")}}' + words)]
    for at, (left, right) in enumerate(pairwise(items)):
        if _out_of_order(left, right):
            if keyed_by is not None:
                return [Result("properties must follow the alphabetical order")]
            name = str(at) if isinstance(value, list) else str(left)
            return [Result(f"{printed(left)} must be placed after {printed(right)}", (name,))]
    return None
