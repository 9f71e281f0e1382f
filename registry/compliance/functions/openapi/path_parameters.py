"""The OpenAPI function about path templates and the parameters that fill them."""

import re
from typing import Any

from registry.compliance.functions.call import Call, Result
from registry.compliance.functions.openapi.operations import METHODS
from registry.compliance.jsonpath.values import UNDEFINED, is_object, keys, text

_TEMPLATE = re.compile(r"\{;?\??[a-zA-Z0-9_-]+\*?\}")
_SIGNS = str.maketrans("", "", "{}?*;")
_Places = dict[str, tuple[str, ...]]


def path_parameters(value: Any, _options: Any, _call: Call) -> list[Result] | None:
    """Complain where path templates and path parameters do not fit together."""
    if not is_object(value):
        return None
    results: list[Result] = []
    shapes: dict[str, str] = {}
    paths = value if isinstance(value, dict) else {str(i): item for i, item in enumerate(value)}
    for path in keys(paths):
        if not is_object(paths[path]):
            continue
        shape = _TEMPLATE.sub("%", path)
        if shape in shapes:
            words = f'Paths "{shapes[shape]}" and "{path}" must not be equivalent.'
            results.append(Result(words, absolute=("paths", path)))
        else:
            shapes[shape] = path
        wanted = _template_names(path, results)
        if isinstance(paths[path], dict):
            _path_item(path, paths[path], wanted, results)
    return results


def _template_names(path: str, results: list[Result]) -> list[str]:
    names: list[str] = []
    for found in _TEMPLATE.findall(path):
        name = found.translate(_SIGNS)
        if name in names:
            words = f'Path "{path}" must not use parameter "{{{name}}}" multiple times.'
            results.append(Result(words, absolute=("paths", path)))
        else:
            names.append(name)
    return names


def _path_item(path: str, item: dict[str, Any], wanted: list[str], results: list[Result]) -> None:
    shared = _declared(item.get("parameters"), ("paths", path, "parameters"), results)
    for method in keys(item):
        operation = item[method]
        if method not in METHODS or not is_object(operation):
            continue
        at = ("paths", path, method)
        given = operation.get("parameters") if isinstance(operation, dict) else None
        declared = {**shared, **_declared(given, (*at, "parameters"), results)}
        for name in keys(declared):
            if name not in wanted:
                words = f'Parameter "{name}" must be used in path "{path}".'
                results.append(Result(words, absolute=declared[name]))
        for name in wanted:
            if name not in declared:
                words = (
                    f'Operation must define parameter "{{{name}}}" as expected by path "{path}".'
                )
                results.append(Result(words, absolute=at))


def _declared(parameters: Any, at: tuple[str, ...], results: list[Result]) -> _Places:
    declared: _Places = {}
    for index, parameter in enumerate(parameters if isinstance(parameters, list) else ()):
        if not isinstance(parameter, dict) or parameter.get("in") != "path":
            continue
        name = text(parameter.get("name", UNDEFINED))
        if name == "undefined":
            continue
        place = (*at, str(index))
        if parameter.get("required") is not True:
            words = f'Path parameter "{name}" must have "required" property that is set to "true".'
            results.append(Result(words, absolute=place))
        if name in declared:
            words = f'Path parameter "{name}" must not be defined multiple times.'
            results.append(Result(words, absolute=place))
        else:
            declared[name] = place
    return declared
