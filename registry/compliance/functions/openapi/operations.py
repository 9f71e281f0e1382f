"""OpenAPI functions about operations: identifiers, responses, parameters, tags, form data."""

import re
from collections.abc import Iterator
from typing import Any

from registry.compliance.functions.call import Call, Result
from registry.compliance.jsonpath.values import UNDEFINED, is_object, keys, number, text

METHODS = frozenset({"get", "head", "post", "put", "patch", "delete", "options", "trace"})
_FORM_TYPES = re.compile(r"application/x-www-form-urlencoded|multipart/form-data")


def operations(paths: Any) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield path, method and operation of every operation of a Paths Object."""
    if not isinstance(paths, dict):
        return
    for path in keys(paths):
        item = paths[path]
        if not isinstance(item, dict):
            continue
        for method in keys(item):
            if method in METHODS and isinstance(item[method], dict):
                yield path, method, item[method]


def _fingerprint(value: Any) -> Any:
    return (text(value), type(value).__name__) if not is_object(value) else id(value)


def unique_operation_ids(value: Any, _options: Any, _call: Call) -> list[Result] | None:
    """Complain about operationIds that occur again."""
    seen: set[Any] = set()
    results: list[Result] = []
    for path, method, operation in operations(value):
        if "operationId" not in operation:
            continue
        name = _fingerprint(operation["operationId"])
        if name in seen:
            at = ("paths", path, method, "operationId")
            results.append(Result("operationId must be unique.", absolute=at))
        seen.add(name)
    return results


def success_response(value: Any, _options: Any, call: Call) -> list[Result] | None:
    """Complain about operations without a 2xx or 3xx response."""
    if not isinstance(value, dict):
        return None
    is_3 = "oas3" in call.run.formats
    for status in value:
        if (is_3 and status in ("2XX", "3XX")) or 200 <= number(status) < 400:
            return None
    return [Result("Operation must define at least a single 2xx or 3xx response")]


def parameters(value: Any, _options: Any, _call: Call) -> list[Result] | None:
    """Complain about parameters that repeat or contradict each other."""
    if not isinstance(value, list) or len(value) < 2:
        return None
    seen: set[str] = set()
    repeated: list[int] = []
    places: dict[str, list[int]] = {"body": [], "formData": []}
    for index, parameter in enumerate(value):
        if not is_object(parameter) or (isinstance(parameter, dict) and "$ref" in parameter):
            continue
        fields = parameter if isinstance(parameter, dict) else {}
        where = fields.get("in", UNDEFINED)
        print_ = f"{text(where)}-{text(fields.get('name', UNDEFINED))}"
        if print_ in seen:
            repeated.append(index)
        seen.add(print_)
        if isinstance(where, str) and where in places:
            places[where].append(index)
    words = (
        'A parameter in this operation already exposes the same combination of "name" and "in"'
        " values."
    )
    results = [Result(words, (str(index),)) for index in repeated]
    if places["body"] and places["formData"]:
        both = 'Operation must not have both "in:body" and "in:formData" parameters.'
        results.append(Result(both))
    one = 'Operation must not have more than a single instance of the "in:body" parameter.'
    results += [Result(one, (str(index),)) for index in places["body"][1:]]
    return results


def defined_tags(value: Any, _options: Any, _call: Call) -> list[Result] | None:
    """Complain about operation tags that the document does not declare."""
    if not isinstance(value, dict):
        return None
    declared: set[str] = set()
    tags = value.get("tags")
    for tag in tags if isinstance(tags, list) else ():
        if isinstance(tag, dict) and isinstance(tag.get("name"), str):
            declared.add(tag["name"])
    results: list[Result] = []
    for path, method, operation in operations(value.get("paths")):
        own = operation.get("tags")
        for index, tag in enumerate(own if isinstance(own, list) else ()):
            if not isinstance(tag, str) or tag not in declared:
                at = ("paths", path, method, "tags", str(index))
                results.append(
                    Result("Operation tags must be defined in global tags.", absolute=at)
                )
    return results


def form_data_types(value: Any, _options: Any, _call: Call) -> list[Result] | None:
    """Complain about form data in operations that do not consume forms."""
    if not isinstance(value, dict):
        return None
    consumes, given = value.get("consumes"), value.get("parameters")
    if not isinstance(consumes, list) or not isinstance(given, list):
        return None
    has_form = any(isinstance(item, dict) and item.get("in") == "formData" for item in given)
    if has_form and not _FORM_TYPES.search(",".join(map(text, consumes))):
        words = (
            "Consumes must include urlencoded, multipart, or form-data media type when using"
            " formData parameter."
        )
        return [Result(words)]
    return None


def unique_tags(value: Any, _options: Any, _call: Call) -> list[Result] | None:
    """Complain about tags that are declared again."""
    if not isinstance(value, list):
        return None
    if not all(isinstance(tag, dict) and isinstance(tag.get("name"), str) for tag in value):
        return None
    seen: set[str] = set()
    results: list[Result] = []
    for index, tag in enumerate(value):
        if tag["name"] in seen:
            words = f'"tags" object contains duplicate tag name "{tag["name"]}".'
            results.append(Result(words, (str(index), "name")))
        seen.add(tag["name"])
    return results
