"""The OpenAPI function about server variables."""

import re
from collections.abc import Iterator
from itertools import islice, product
from typing import Any
from urllib.parse import quote

from registry.compliance.functions.call import Call, Result
from registry.compliance.jsonpath.values import keys

COMBINATIONS_MAX = 10_000  # substitutions to try; Spectral tries all, however many
INVALID_SHOWN = 5
_VARIABLE = re.compile(r"\{([^\n\r\u2028\u2029]+?)\}")
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):(.*)\Z", re.IGNORECASE | re.DOTALL)
_SPECIAL = frozenset({"http", "https", "ws", "wss", "ftp"})
_BAD_HOST = re.compile(r"[\x00-\x20#%/:<>?@\[\\\]^|\x7f]")
_KNOWN_FIELDS = {"enum", "default", "description", "examples"}


def server_variables(value: Any, options: Any, _call: Call) -> list[Result] | None:
    """Complain about variables of a server that are missing, unused or wrongly described."""
    if not _is_server(value):
        return [Result("Invalid Server Object")]
    options = options or {}
    found = _VARIABLE.findall(value["url"])
    variables = value.get("variables")
    defined = keys(variables) if variables is not None else []
    results = [
        Result(
            f'Server\'s "variables" object has unused defined "{name}" url variable.',
            ("variables", name),
        )
        for name in defined
        if name not in found
    ]
    if not found:
        return results
    missing = [name for name in found if name not in defined]
    if missing:
        words = 'Not all server\'s variables are described with "variables" object. Missed: '
        words += ", ".join(missing) + "."
        results.append(Result(words, ("variables",)))
    if variables is None:
        return results
    pairs = [
        (name, _values(name, variables[name], options, results))
        for name in defined
        if name in found
    ]
    if options.get("checkSubstitutions") is True and pairs:
        results += _substitutions(value["url"], pairs)
    return results


def _is_server(value: Any) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("url"), str):
        return False
    variables = value.get("variables", {})
    return isinstance(variables, dict) and all(_is_variable(item) for item in variables.values())


def _is_variable(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    if any(name not in _KNOWN_FIELDS and not name.startswith("x-") for name in value):
        return False
    texts = ("default", "description", "examples")
    if not all(isinstance(value.get(name, ""), str) for name in texts):
        return False
    allowed = value.get("enum", [])
    return isinstance(allowed, list) and all(isinstance(item, str) for item in allowed)


def _values(name: str, variable: Any, options: Any, results: list[Result]) -> list[str]:
    default = variable.get("default")
    allowed = variable.get("enum")
    if allowed is not None and default is not None and default not in allowed:
        words = f'Server Variable "{name}" has a default not listed in the enum.'
        results.append(Result(words, ("variables", name, "default")))
    if default is None and options.get("requireDefault") is True:
        words = f'Server Variable "{name}" has a missing default.'
        results.append(Result(words, ("variables", name)))
    return list(allowed) if allowed is not None else [default] if default is not None else []


def _substituted(url: str, pairs: list[tuple[str, list[str]]]) -> Iterator[str]:
    encoded = [[quote(item, safe=";,/?:@&=+$-_.!~*'()#") for item in values] for _, values in pairs]
    for combination in islice(product(*encoded), COMBINATIONS_MAX):
        text = url
        for (name, _), item in zip(pairs, combination, strict=True):
            text = text.replace("{" + name + "}", item)
        yield text


def _substitutions(url: str, pairs: list[tuple[str, list[str]]]) -> list[Result]:
    invalid = list(
        islice((text for text in _substituted(url, pairs) if not _is_url(text)), INVALID_SHOWN)
    )
    shown = ", ".join(invalid)
    if len(invalid) == INVALID_SHOWN:
        words = "At least 5 substitutions of server variables resulted in invalid URLs: "
        words += f"{shown} and more"
        return [Result(words, ("variables",))]
    if invalid:
        words = f"A few substitutions of server variables resulted in invalid URLs: {shown}"
        return [Result(words, ("variables",))]
    return []


def _is_url(text: str) -> bool:
    """Say whether the text is an absolute URL as browsers read it (WHATWG URL, no base)."""
    match = _SCHEME.match(text.strip())
    if match is None:
        return False
    scheme, rest = match[1].lower(), match[2]
    if scheme not in _SPECIAL:
        return True
    authority = re.split(r"[/\\?#]", rest.lstrip("/\\"), maxsplit=1)[0]
    host, _, port = authority.rpartition("@")[2].partition(":")
    if not host or _BAD_HOST.search(host):
        return False
    return not port or (port.isdigit() and int(port) < 2**16)
