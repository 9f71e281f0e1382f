"""Read OpenAPI 3.0, 3.1, 3.2 and Swagger 2.0: which lists there are, and how each is read.

The document need not be right: whatever is not as it should be is passed over with a reason.
Source: OpenAPI Specification 3.1.1 and 2.0.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from connectors.generate.guesses import (
    SURE,
    Guess,
    InferredInterface,
    InferredStream,
    InterfaceUnreadable,
)
from connectors.generate.lists import (
    Parameter,
    find_changed,
    find_key,
    find_records,
    find_since,
)
from connectors.generate.mapping import propose_map
from connectors.generate.pages import UNTOLD, find_paging
from connectors.generate.shapes import Shapes
from connectors.generate.signing import find_auth, is_sign_in
from connectors.generate.words import plain

PATHS_MAX = 5_000
"""The largest public document has 1,100."""

_VARIABLE = re.compile(r"\{([^{}/]+)\}")
_PATH = re.compile(r"/[^?#\\\s]{0,490}")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_HEADER_TEXT = re.compile(r"[ -~]{1,500}")
_NOT_OURS = frozenset(
    {"authorization", "cookie", "accept", "content-type", "content-length", "host"}
)
"""Required by some documents, and written by the client, or by how it signs in."""

_NAME = re.compile(r"[^A-Za-z0-9_.-]+")


def read_openapi(document: Mapping[str, Any]) -> InferredInterface:
    """Infer what a document lets a connector read.

    Raises:
        InterfaceUnreadable: It has no paths.
    """
    shapes = Shapes(document)
    paths = document.get("paths")
    if not isinstance(paths, Mapping) or not paths:
        raise InterfaceUnreadable(
            "The document has no paths, so there is nothing a connector could read."
        )
    old = "swagger" in document
    reader = _Reader(document, shapes, paths, old=old)
    streams: list[InferredStream] = []
    passed: list[tuple[str, str]] = []
    for path in list(paths)[:PATHS_MAX]:
        found = reader.read(str(path))
        if isinstance(found, InferredStream):
            streams.append(found)
        elif found:
            passed.append((str(path), found))
    info = document.get("info")
    title = str(info.get("title", "")) if isinstance(info, Mapping) else ""
    version = document.get("swagger" if old else "openapi", "without a version")
    return InferredInterface(
        kind="rest",
        dialect=f"{'Swagger' if old else 'OpenAPI'} {version}",
        title=title[:200],
        address=_address(document, old=old),
        auth=find_auth(document, shapes, old=old, header=reader.sign_in),
        streams=_renamed(streams),
        passed_over=tuple(passed),
    )


_Described = tuple[Any, Mapping[str, Any]]
"""Schema and headers of an answer."""


class _Reader:
    """Reads the paths of one document."""

    def __init__(
        self, document: Mapping[str, Any], shapes: Shapes, paths: Mapping[str, Any], *, old: bool
    ) -> None:
        self._document, self._shapes, self._paths, self._old = document, shapes, paths, old
        self._declares = find_auth(document, shapes, old=old).value["type"] != "none"
        self.sign_in: str | None = None  # a required header that is a key by its name

    def read(self, path: str) -> InferredStream | str:
        """Return a stream, or the reason why a path is none; empty where it cannot be read."""
        if not _PATH.fullmatch(path):
            return "no request can be sent to such a path"
        item = self._shapes.follow(self._paths[path])
        operation = item.get("get")
        if not isinstance(operation, Mapping):
            return _asked_by_post(item)
        answer = self._answer(operation)
        if answer is None:
            return "no JSON answer is described"
        known = set(self._shapes.foreign)
        records = find_records(self._shapes, answer[0], path)
        if records is None and (foreign := self._shapes.foreign - known):
            return (
                f"it is described in another document ({min(foreign)[:80]}), and references out of "
                "a document are not followed: give one that holds everything"
            )
        if records is None:
            return "the answer is one object or not described, not a list of objects"
        if variables := _VARIABLE.findall(path):
            return f"a list under each `{variables[-1]}`: partitions are written by hand"
        stream = self._stream(path, list(self._parameters(item, operation)), answer, records)
        headers, unknown = self._headers(item, operation)
        if self.sign_in is None and not self._declares:
            self.sign_in = next((name for name in unknown if is_sign_in(name)), None)
        unknown = [name for name in unknown if name != self.sign_in]
        points = [f"header `{name}` is required: give it under `headers`" for name in unknown]
        options = stream.options | ({"headers": headers} if headers else {})
        return replace(stream, options=options, open_points=(*stream.open_points, *points))

    def _stream(
        self, path: str, query: list[Parameter], answer: "_Described", records: Guess[str]
    ) -> InferredStream:
        shapes, (schema, headers) = self._shapes, answer
        record = shapes.items(_reach(shapes, schema, records.value))
        name = path.rstrip("/").rsplit("/", 1)[-1] or "list"
        key = find_key(shapes, record, in_path=self._single(path), owner=name)
        paging = find_paging(shapes, schema, query, headers, key)
        changed = find_changed(shapes, record)
        open_points = [
            f"parameter `{p.name}` is required: give it under `parameters`"
            for p in query
            if p.required and p.name not in paging.value.values()
        ]
        if paging.evidence.startswith(UNTOLD):
            open_points.append(f"{paging.evidence}: only the first answer is read")
        if key is None:
            open_points.append("nothing looks like a key: write `key`")
        return InferredStream(
            name=_NAME.sub("-", name).strip("-.") or "list",
            place=path,
            options={"get": path},
            records=records,
            paging=paging,
            key=key,
            changed=changed,
            incremental=find_since(query, changed),
            map=propose_map(shapes, record, owner=name),
            paged=paging.value["type"] != "none",
            open_points=tuple(open_points),
        )

    def _answer(self, operation: Mapping[str, Any]) -> "_Described | None":
        """Return schema and headers of the good answer."""
        responses: Mapping[Any, Any] = self._shapes.follow(operation.get("responses"))
        for status in ("200", "2XX", "2xx", "206", "default"):
            response = self._shapes.follow(responses.get(status, responses.get(_number(status))))
            if not response:
                continue
            headers = response.get("headers")
            schema = response.get("schema") if self._old else self._content(response)
            if schema is not None:
                return schema, headers if isinstance(headers, Mapping) else {}
        return None

    def _content(self, response: Mapping[str, Any]) -> Any:
        content = response.get("content")
        if not isinstance(content, Mapping):
            return None
        for media, described in content.items():
            if "json" in str(media) or media == "*/*":
                return self._shapes.follow(described).get("schema")
        return None

    def _parameters(
        self, item: Mapping[str, Any], operation: Mapping[str, Any]
    ) -> Iterator[Parameter]:
        for place in (operation, item):
            listed = place.get("parameters")
            for entry in listed if isinstance(listed, list) else ():
                found = self._shapes.follow(entry)
                name = found.get("name")
                if found.get("in") == "query" and isinstance(name, str) and name:
                    yield from self._parameter(name, found)

    def _headers(
        self, item: Mapping[str, Any], operation: Mapping[str, Any]
    ) -> tuple[dict[str, str], list[str]]:
        """Return the header fields that are required: those with one value, and all others."""
        known, unknown = dict[str, str](), list[str]()
        for place in (operation, item):
            listed = place.get("parameters")
            for entry in listed if isinstance(listed, list) else ():
                found = self._shapes.follow(entry)
                name = str(found.get("name", ""))
                if found.get("in") != "header" or not found.get("required"):
                    continue
                if not _HEADER.fullmatch(name) or name.lower() in _NOT_OURS:
                    continue
                schema = found if self._old else found.get("schema", {})
                codes = self._shapes.word(schema, "enum")
                only = codes[0] if isinstance(codes, list) and len(codes) == 1 else None
                value = only or self._shapes.word(schema, "default")
                if isinstance(value, str) and _HEADER_TEXT.fullmatch(value):
                    known[name] = value
                else:
                    unknown.append(name)
        return known, unknown

    def _parameter(self, name: str, found: Mapping[str, Any]) -> Iterator[Parameter]:
        """Yield a parameter, or those that an object of parameters is written as."""
        schema = found if self._old else found.get("schema", {})
        told, needed = str(found.get("description", "")), bool(found.get("required"))
        inner = {} if self._old else self._shapes.properties(schema)
        deep = found.get("style") == "deepObject"
        if inner and (deep or found.get("explode", True)):
            for own, described in inner.items():
                written = f"{name}[{own}]" if deep else own
                yield Parameter(written, self._shapes.follow(described), required=False,
                                description=told)  # fmt: skip
        if not inner or deep:
            yield Parameter(name, self._shapes.follow(schema), needed, told)

    def _single(self, path: str) -> Sequence[str]:
        """Return the names by which paths of one record take its key."""
        stem = path.rstrip("/") + "/"
        found = []
        for other in self._paths:
            rest = str(other).removeprefix(stem) if str(other).startswith(stem) else ""
            match = _VARIABLE.fullmatch(rest.rstrip("/"))
            if match:
                found.append(match[1])
        return found


def _asked_by_post(item: Mapping[str, Any]) -> str:
    """Return a reason for a path that answers a question that is posted; a new thing gives 201."""
    operation = item.get("post")
    answers = operation.get("responses") if isinstance(operation, Mapping) else None
    if (
        isinstance(answers, Mapping)
        and {"200", 200} & set(answers)
        and not {"201", 201} & set(answers)
    ):
        return "it is asked by POST: `post` and `body` are written by hand, or taken from a preset"
    return ""


def _reach(shapes: Shapes, schema: Any, path: str) -> Any:
    """Return the schema at a path of an answer."""
    if path == ".":
        return schema
    for quoted, bare in re.findall(r"\['([^']+)'\]|([^.\[\]]+)", path):
        schema = shapes.properties(schema).get(quoted or bare, {})
    return schema


def _number(status: str) -> int | str:
    """Return a status as YAML reads it without quotes."""
    return int(status) if status.isdigit() else status


def _address(document: Mapping[str, Any], *, old: bool) -> Guess[str] | None:
    """Return the first server's address, as far as the document gives one."""
    if old:
        host, base = document.get("host"), str(document.get("basePath", "")).rstrip("/")
        schemes = document.get("schemes")
        scheme = "https" if not isinstance(schemes, list) or "https" in schemes else schemes[0]
        found = f"{scheme}://{host}{base}" if host else base
        return Guess(found, SURE, "host and basePath") if found else None
    servers = document.get("servers")
    first = servers[0] if isinstance(servers, list) and servers else None
    if not isinstance(first, Mapping) or not isinstance(first.get("url"), str):
        return None
    url: str = first["url"]
    variables = first.get("variables")
    for name, variable in variables.items() if isinstance(variables, Mapping) else ():
        if isinstance(variable, Mapping) and isinstance(variable.get("default"), str):
            url = url.replace("{" + str(name) + "}", variable["default"])
    return Guess(url.rstrip("/"), SURE, "the first server")


def _renamed(streams: list[InferredStream]) -> tuple[InferredStream, ...]:
    """Give each stream a name of its own: the last word of its path, longer where two share it."""
    seen: dict[str, int] = {}
    for stream in streams:
        seen[plain(stream.name)] = seen.get(plain(stream.name), 0) + 1
    named: list[InferredStream] = []
    taken: set[str] = set()
    for stream in streams:
        name = stream.name if stream.name[0].isalpha() else f"list-{stream.name}"
        if seen[plain(stream.name)] > 1:
            name = _NAME.sub("-", stream.place.strip("/")).strip("-.")
            name = name if name[:1].isalpha() else f"list-{name}"
        name = name[:56]
        while name in taken:
            name += "x"
        taken.add(name)
        named.append(replace(stream, name=name))
    return tuple(named)
