"""The OpenAPI function about whole documents: does it fit the official schema of its version?"""

from typing import Any

from registry.compliance.functions.call import Call, Result
from registry.compliance.functions.openapi.official import document_check
from registry.compliance.jsonpath.values import json_text
from registry.compliance.pointers import escape
from registry.compliance.shapes.compiler import problems
from registry.compliance.shapes.explain import best_match
from registry.compliance.shapes.problem import Problem


def document_schema(value: Any, _options: Any, call: Call) -> list[Result] | None:
    """Complain wherever the document breaks the official schema of its OpenAPI version."""
    formats = call.run.formats
    if not formats:
        return None
    version = next((name for name in ("oas2", "oas3_2", "oas3_1") if name in formats), "oas3_0")
    found = problems(document_check(version), value)
    return [_worded(problem, value) for problem in found if problem.keyword != "if"]


def _worded(problem: Problem, value: Any) -> Result:
    names = problem.names
    name = escape(names[-1]) if names else None
    if problem.keyword == "additionalProperties":
        extra = problem.params["additionalProperty"]
        return Result(f'Property "{extra}" is not expected to be here', absolute=(*names, extra))
    if problem.keyword == "errorMessage":
        return Result(problem.message, absolute=names)
    message = problem.message.replace("'", '"').replace("NOT", "not")
    if name is not None:
        message = f'"{name}" property {message}'
    if problem.keyword == "enum":
        message += _allowed(problem, _at(value, names))
    return Result(message, absolute=names)


def _allowed(problem: Problem, value: Any) -> str:
    allowed = problem.params["allowedValues"]
    shown = ", ".join(json_text(item) for item in allowed)
    best = best_match(value, allowed) if isinstance(value, str) else None
    return f": {shown}" + (f'. Did you mean "{best}"?' if best is not None else "")


def _at(value: Any, names: tuple[str, ...]) -> Any:
    for name in names:
        if isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, list) and name.isdigit() and int(name) < len(value):
            value = value[int(name)]
        else:
            return None
    return value
