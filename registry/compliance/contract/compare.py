"""Compares two versions of an OpenAPI document, operation by operation."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from registry.compliance.contract.bumps import version_changes
from registry.compliance.contract.ending import Ending, removal_of
from registry.compliance.contract.levels import LEVELS, Level
from registry.compliance.contract.naming import body_id, parameter_id, response_id
from registry.compliance.contract.operations import Contract, Operation, Parameter
from registry.compliance.contract.schemas import Delta, SchemaComparer
from registry.compliance.contract.security import security_changes
from registry.compliance.contract.wire import wire_changes
from registry.compliance.contract.words import describe

CHANGES_MAX = 50_000  # of one comparison; beyond it the two documents are not versions of one


@dataclass(frozen=True, slots=True)
class Change:
    """One change between two versions.

    Attributes:
        code: Id out of oasdiff's vocabulary.
        level: What it does to consumers.
        verb: Verb of the operation in lower case; empty for changes of the whole document.
        path: Path of the operation as the document that still has it writes it.
        where: Part of the operation: parameter, media type, status, property.
        message: What changed, in words.
    """

    code: str
    level: Level
    verb: str
    path: str
    where: tuple[str, ...]
    message: str

    @property
    def operation(self) -> str:
        """The operation as people say it, for instance `GET /zaken`."""
        return f"{self.verb.upper()} {self.path}".strip()


@dataclass
class Comparison:
    """All changes between two versions, and the versions they declare."""

    old_version: str
    new_version: str
    changes: list[Change] = field(default_factory=list)

    def breaking(self) -> list[Change]:
        """Return the changes that break a consumer, or may."""
        return [change for change in self.changes if change.level is not Level.INFO]


def compare_documents(old: Any, new: Any, *, today: date | None = None) -> Comparison:
    """Compare two versions of an OpenAPI document.

    Args:
        old: Value of the version that consumers know.
        new: Value of the version that shall replace it.
        today: Day against which dates of sunset are judged; the present one by default.

    Returns:
        Changes in the order of the paths, first removals and changes, then additions.
    """
    run = _Run(Contract(old), Contract(new), today or date.today())  # noqa: DTZ011  # a civil date
    found = set(run.changes())
    was, now = _version(old), _version(new)
    if any(change.level is Level.ERR for change in found):
        found.update(_whole(code, (was, now)) for code in version_changes(was, now))
    return Comparison(was, now, sorted(found, key=_order)[:CHANGES_MAX])


def _version(data: Any) -> str:
    info = data.get("info") if isinstance(data, dict) else None
    return str(info.get("version", "")) if isinstance(info, dict) else ""


def _order(change: Change) -> tuple[Any, ...]:
    return (list(Level).index(change.level), change.path, change.verb, change.where, change.code,
            change.message)  # fmt: skip


class _Run:
    """One comparison."""

    def __init__(self, old: Contract, new: Contract, today: date) -> None:
        self.old, self.new, self.today = old, new, today
        self.schemas = SchemaComparer(old, new)

    def changes(self) -> Iterator[Change]:
        before, after = self.old.paths(), self.new.paths()
        for place, operations in before.items():
            others = after.get(place)
            for verb, operation in operations.items():
                other = (others or {}).get(verb)
                if other is None:
                    yield self._removed(operation, whole_path=not others)
                else:
                    yield from self._operation(operation, other)
        for place, operations in after.items():
            for verb, operation in operations.items():
                if verb not in before.get(place, {}):
                    yield _change("endpoint-added", operation)
        yield from self._document()

    def _removed(self, operation: Operation, *, whole_path: bool) -> Change:
        code, facts = removal_of(operation.raw, self.today, whole_path=whole_path)
        return _change(code, operation, facts=facts)

    def _document(self) -> Iterator[Change]:
        for name in sorted(self.old.schemas().keys() - self.new.schemas().keys()):
            yield _whole("api-schema-removed", (name,))
        for code, facts in security_changes(self.old, self.new):
            yield _whole(code, facts)

    def _operation(self, old: Operation, new: Operation) -> Iterator[Change]:
        for code, facts in Ending(self.today).of_operation(old.raw, new.raw):
            yield _change(code, new, facts=facts)
        yield from _operation_id(old, new)
        yield from _tags(old, new)
        for code, facts in security_changes(self.old, self.new, (old.raw, new.raw)):
            yield _change(code, new, facts=facts)
        yield from self._parameters(old, new)
        yield from self._body(old, new)
        yield from self._responses(old, new)

    def _parameters(self, old: Operation, new: Operation) -> Iterator[Change]:
        for key, parameter in old.parameters.items():
            where = (parameter.place, parameter.name)
            other = new.parameters.get(key)
            if other is None:
                code, facts = Ending(self.today).of_removed_parameter(parameter.raw)
                yield _change(code, old, where, facts)
                continue
            yield from self._parameter(new, parameter, other)
        for key, parameter in new.parameters.items():
            if key not in old.parameters:
                code = _new_parameter(parameter)
                yield _change(code, new, (parameter.place, parameter.name))

    def _parameter(self, new: Operation, old: Parameter, other: Parameter) -> Iterator[Change]:
        where = (other.place, other.name)
        if old.required != other.required:
            word = "required" if other.required else "optional"
            yield _change(f"request-parameter-became-{word}", new, where)
        for code, facts in Ending(self.today).of_parameter(old.raw, other.raw):
            yield _change(code, new, where, facts)
        for code, facts in wire_changes(old, other):
            yield _change(code, new, where, facts)
        for delta in self.schemas.compare(old.schema, other.schema, request=True):
            yield from _known(parameter_id(delta, other.place), new, (*where, *delta.path), delta)

    def _body(self, old: Operation, new: Operation) -> Iterator[Change]:
        if new.body is None:
            if old.body is not None:
                yield _change("request-body-removed", new)
            return
        if old.body is None:
            word = "required" if new.body.required else "optional"
            yield _change(f"request-body-added-{word}", new)
            return
        if old.body.required != new.body.required:
            word = "required" if new.body.required else "optional"
            yield _change(f"request-body-became-{word}", new)
        for kind in old.body.media:
            if kind not in new.body.media:
                yield _change("request-body-media-type-removed", new, ("body", kind), (kind,))
        for kind, schema in new.body.media.items():
            if kind not in old.body.media:
                yield _change("request-body-media-type-added", new, ("body", kind), (kind,))
                continue
            for delta in self.schemas.compare(old.body.media[kind], schema, request=True):
                where = ("body", kind, *delta.path)
                yield from _known(body_id(delta), new, where, delta)

    def _responses(self, old: Operation, new: Operation) -> Iterator[Change]:
        for status in old.responses.keys() - new.responses.keys():
            word = "success" if status.startswith("2") else "non-success"
            yield _change(f"response-{word}-status-removed", new, (status,), (status,))
        for status in new.responses.keys() - old.responses.keys():
            word = "success" if status.startswith("2") else "non-success"
            yield _change(f"response-{word}-status-added", new, (status,), (status,))
        for status in old.responses.keys() & new.responses.keys():
            yield from self._response(old, new, status)

    def _response(self, old: Operation, new: Operation, status: str) -> Iterator[Change]:
        before, after = old.responses[status], new.responses[status]
        for kind in before.media.keys() - after.media.keys():
            yield _change("response-media-type-removed", new, (status, kind), (kind,))
        for kind in after.media.keys() - before.media.keys():
            yield _change("response-media-type-added", new, (status, kind), (kind,))
        for kind in before.media.keys() & after.media.keys():
            found = self.schemas.compare(before.media[kind], after.media[kind], request=False)
            for delta in found:
                where = (status, kind, *delta.path)
                yield from _known(response_id(delta), new, where, delta)
        for name, header in before.headers.items():
            other = after.headers.get(name)
            required = header.get("required") is True
            if other is None:
                word = "required" if required else "optional"
                yield _change(f"{word}-response-header-removed", new, (status, name))
            elif required and other.get("required") is not True:
                yield _change("response-header-became-optional", new, (status, name))
        for name in after.headers.keys() - before.headers.keys():
            yield _change("response-header-added", new, (status, name))


def _new_parameter(parameter: Parameter) -> str:
    if parameter.place == "path":
        return "new-request-path-parameter"
    word = "required" if parameter.required else "optional"
    tail = "default-parameter-to-existing-path" if parameter.of_path else "parameter"
    return f"new-{word}-request-{tail}"


def _operation_id(old: Operation, new: Operation) -> Iterator[Change]:
    before, after = old.raw.get("operationId"), new.raw.get("operationId")
    if before and before != after:
        yield _change("api-operation-id-removed", new, facts=(str(before),))
    elif after and not before:
        yield _change("api-operation-id-added", new, facts=(str(after),))


def _tags(old: Operation, new: Operation) -> Iterator[Change]:
    before, after = _texts(old.raw.get("tags")), _texts(new.raw.get("tags"))
    for tag in before - after:
        yield _change("api-tag-removed", new, facts=(tag,))
    for tag in after - before:
        yield _change("api-tag-added", new, facts=(tag,))


def _texts(value: Any) -> set[str]:
    return {str(one) for one in value} if isinstance(value, list) else set()


def _known(
    code: str | None, operation: Operation, where: tuple[str, ...], delta: Delta
) -> Iterator[Change]:
    if code in LEVELS:
        yield _change(str(code), operation, where, delta.facts)


def _change(
    code: str, operation: Operation, where: Iterable[str] = (), facts: tuple[str, ...] = ()
) -> Change:
    place = tuple(where)
    return Change(
        code, LEVELS[code], operation.verb, operation.path, place, describe(code, place, facts)
    )


def _whole(code: str, facts: tuple[str, ...]) -> Change:
    return Change(code, LEVELS[code], "", "", facts[:1], describe(code, (), facts))
