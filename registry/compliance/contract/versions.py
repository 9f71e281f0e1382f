"""Two files in, their comparison out, as changes and as findings that every report can show."""

from registry.compliance.checking import engine_name
from registry.compliance.contract.compare import Change, Comparison, compare_documents
from registry.compliance.contract.levels import Level
from registry.compliance.document import Document
from registry.compliance.structure.judge import describe, kind_of_text, operations_of
from schemas.compliance import (
    START_OF_DOCUMENT,
    CheckedDocument,
    Finding,
    Judged,
    Severity,
    UsedRuleSet,
)
from schemas.errors import InvalidInput

_SEVERITIES = {
    Level.ERR: Severity.ERROR,
    Level.WARN: Severity.WARNING,
    Level.INFO: Severity.INFORMATION,
}


class NotComparable(InvalidInput):
    """Two documents are not versions of one interface."""

    code = "not_comparable"
    remedy = "Name two OpenAPI documents or two GraphQL schemas, the older one first."


def compare_files(old: tuple[bytes, str], new: tuple[bytes, str]) -> Comparison:
    """Compare two versions of an OpenAPI document or of a GraphQL schema.

    Args:
        old: Bytes and name of the version that consumers know.
        new: Bytes and name of the version that shall replace it.

    Raises:
        NotComparable: They are of different kinds, or of a kind that we cannot compare.
        DocumentTooLarge: One of them passes a limit.
    """
    kinds = {kind_of_text(*old), kind_of_text(*new)}
    if "wsdl" in kinds:
        raise NotComparable("WSDL documents cannot be compared.")
    values = [None if _is_sdl(one) else Document(*one).data for one in (old, new)]
    described = {"GraphQL" if value is None else describe(value).split(" ")[0] for value in values}
    if described == {"OpenAPI"}:
        return compare_documents(values[0], values[1])
    if described != {"GraphQL"}:
        raise NotComparable(f"{old[1]} and {new[1]} are not versions of one interface.")
    from graphql import GraphQLError

    from registry.compliance.contract.sdl import compare_schemas
    from registry.compliance.structure.sdl import read_schema

    schemas = []
    for (content, source), value in zip((old, new), values, strict=True):
        try:
            schemas.append(read_schema(content.decode("utf-8-sig"), value))
        except (GraphQLError, TypeError, ValueError) as wrong:
            raise NotComparable(f"{source} cannot be read: {str(wrong)[:300]}") from wrong
    return compare_schemas(*schemas)


def _is_sdl(one: tuple[bytes, str]) -> bool:
    return kind_of_text(*one) == "graphql"


def as_checked(comparison: Comparison, new: tuple[bytes, str], sha256: str) -> CheckedDocument:
    """Return changes as findings on the new version, for every kind of report."""
    document = None if _is_sdl(new) else Document(*new)
    judged = tuple(Judged(_finding(change, document, new[1])) for change in comparison.changes)
    return CheckedDocument(
        source=new[1],
        kind=describe(document.data) if document is not None else "GraphQL",
        sha256=sha256,
        rule_sets=(UsedRuleSet("contract diff", "-"),),
        engine=engine_name(),
        judged=judged,
        operations=operations_of(document.data) if document is not None else 0,
    )


def _finding(change: Change, document: Document | None, source: str) -> Finding:
    path = ("paths", change.path, change.verb) if change.path else change.where
    place = START_OF_DOCUMENT
    if document is not None:
        row, _ = document.tree.closest(path)
        place = document.range_of(row)
    return Finding(change.code, _SEVERITIES[change.level], path, change.message, place, source)
