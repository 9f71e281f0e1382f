"""Functions that a rule set brings itself, in JavaScript; the extra `js`, and only when asked for.

They run in QuickJS without files, network, timers or modules: what they get is the value, the
options and the path, as JSON, and what they may give back is a list of messages, as JSON.
"""

import json
import re
from importlib import import_module
from typing import Any

from registry.compliance.functions.call import Call, Function, Result
from registry.compliance.jsonpath.values import UNDEFINED
from registry.compliance.rulesets.model import InvalidRuleSet
from schemas.errors import InvalidInput, Misconfigured

MEMORY_BYTES_MAX = 64 * 2**20  # of one rule set's functions; a value of 16 MB takes four times that
SECONDS_MAX = 0.5  # of one call; an honest one takes microseconds
STACK_BYTES_MAX = 512 * 1024
JSON_CHARACTERS_MAX = 16 * 2**20  # of a value; with references followed it can grow without end
MESSAGES_MAX = 1_000  # of one call

# What published functions import: a wrapper that we do without, and nothing else.
_IMPORT = re.compile(r"^\s*import\b[^;\n]*?from\s*['\"]([^'\"]+)['\"];?", re.MULTILINE)
_HARMLESS = frozenset({"@stoplight/spectral-core", "@stoplight/types"})
_SHIM = """
globalThis.__functions = {};
globalThis.createRulesetFunction = (_, f) => (...given) => f(...given);
globalThis.__call = (name, input, options, path) => {
  const found = __functions[name](
    input === undefined ? undefined : JSON.parse(input), JSON.parse(options),
    {path: JSON.parse(path)});
  return JSON.stringify(found === undefined || found === null ? [] : found);
};
"""


class JavaScriptMissing(Misconfigured):
    """A rule set brings functions in JavaScript, and the extra that runs them is not installed."""

    code = "javascript_missing"
    remedy = "Install it with `pip install 'townclerk[js]'`, or leave the rules out."


class FunctionFailed(InvalidInput):
    """A function of a rule set failed, took too long or too much memory."""

    code = "function_failed"
    remedy = "Mend the function, or switch its rules off."


def load_functions(sources: dict[str, str]) -> dict[str, Function]:
    """Make functions out of the sources of one rule set.

    Args:
        sources: JavaScript by the name of the function.

    Raises:
        JavaScriptMissing: The extra `js` is not installed.
        InvalidRuleSet: A source cannot be read, or imports what is not there.
    """
    try:
        quickjs = import_module("quickjs")
    except ImportError:
        raise JavaScriptMissing("The rule set brings functions in JavaScript.") from None
    context = quickjs.Context()
    context.set_memory_limit(MEMORY_BYTES_MAX)
    context.set_max_stack_size(STACK_BYTES_MAX)
    context.set_time_limit(SECONDS_MAX)
    context.eval(_SHIM)
    for name, source in sources.items():
        try:
            context.eval(_wrapped(name, source))
        except quickjs.JSException as wrong:
            raise InvalidRuleSet(f"Function {name!r} cannot be read: {wrong}.") from wrong
    call = context.get("__call")
    return {name: _function(name, call, quickjs.JSException) for name in sources}


def _wrapped(name: str, source: str) -> str:
    for imported in _IMPORT.findall(source):
        if imported not in _HARMLESS:
            raise InvalidRuleSet(f"Function {name!r} imports {imported!r}, which is not there.")
    body = _IMPORT.sub("", source)
    body = re.sub(r"^\s*export\s+default\s+", "module.exports = ", body, flags=re.MULTILINE)
    body = re.sub(r"^\s*export\s+", "", body, flags=re.MULTILINE)
    key = json.dumps(name)
    return (
        "(() => { const module = {exports: {}}; const exports = module.exports;\n"
        f"{body}\n"
        "const made = module.exports.default || module.exports;\n"
        f"if (typeof made !== 'function') throw new Error('it exports no function');\n"
        f"__functions[{key}] = made; }})()"
    )


def _function(name: str, call: Any, failure: type[Exception]) -> Function:
    def ask(value: Any, options: Any, circumstances: Call) -> list[Result]:
        tree, place = circumstances.run.tree, circumstances.place
        path = [*tree.path(place), *circumstances.suffix]
        given = None if value is UNDEFINED else _json(value)
        try:
            answer = call(name, given, _json(options), _json(path))
        except failure as wrong:
            words = str(wrong).strip().splitlines()[0][:200] if str(wrong).strip() else "no reason"
            raise FunctionFailed(f"function {name!r} failed: {words}") from wrong
        return [_result(one) for one in json.loads(answer)[:MESSAGES_MAX]]

    return ask


def _result(one: Any) -> Result:
    if not isinstance(one, dict):
        return Result(str(one))
    path = one.get("path")
    absolute = tuple(map(str, path)) if isinstance(path, list) else None
    return Result(str(one.get("message", "")), absolute=absolute)


def _json(value: Any) -> str:
    """Write a value as JSON, and stop when shared parts make it grow without end."""
    parts: list[str] = []
    size = 0
    for part in json.JSONEncoder().iterencode(value):
        size += len(part)
        if size > JSON_CHARACTERS_MAX:
            raise FunctionFailed("the value is too large for a function of a rule set")
        parts.append(part)
    return "".join(parts)
