"""Write the contract of the GraphQL API, and its reference page, off the code.

`python tools/write_schema.py` writes schemas/contracts/registry.graphql and
docs/reference/graphql-schema.md. A change that breaks somebody's question is refused; where it is
meant, add `--break`, and tell it in the changelog.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
    build_schema,
    find_breaking_changes,
    is_introspection_type,
    is_specified_scalar_type,
)

from registry.api import documents, pages, whole
from registry.api.reading import cost
from registry.api.reading.catalogue import CATALOGUE
from registry.api.schema import schema
from registry.storage.readable import ROWS_PER_LIST, Otherwise, Policy, camel

ROOT = Path(__file__).parents[1]
CONTRACT = ROOT / "schemas" / "contracts" / "registry.graphql"
REFERENCE = ROOT / "docs" / "reference" / "graphql-schema.md"
MATRIX = ROOT / "docs" / "reference" / "access-matrix.md"
HEAD = (
    "# The GraphQL API as it is published; written by tools/write_schema.py, compared in tests.\n"
)
GENERATED = "<!-- Written by `make docs` from the code; edit the code. -->\n"
MATRIX_PREFACE = (
    "Made of the same declarations as the API itself "
    "([how they are written](../how-to/add-a-readable-type.md)). A field that is not here cannot "
    "be asked for; one without a policy stops the program when it starts.\n"
)
SECTIONS: tuple[tuple[str, type[GraphQLNamedType]], ...] = (
    ("Interfaces", GraphQLInterfaceType),
    ("Types", GraphQLObjectType),
    ("Unions", GraphQLUnionType),
    ("Inputs", GraphQLInputObjectType),
    ("Enums", GraphQLEnumType),
    ("Scalars", GraphQLScalarType),
)


def contract() -> str:
    """Return the schema in GraphQL's own language."""
    return HEAD + "\n" + schema.as_str().rstrip() + "\n"


def broken(before: str, after: str) -> list[str]:
    """Say what of the first contract no longer holds in the second, in a stable order."""
    changes = find_breaking_changes(build_schema(before), build_schema(after))
    return sorted(f"{change.type.name}: {change.description}" for change in changes)


def reference() -> str:
    """Return the reference page."""
    graph = build_schema(contract())
    parts = ["# GraphQL schema\n", GENERATED, introduction()]
    for title, root in (
        ("Questions", graph.query_type),
        ("Changes", graph.mutation_type),
        ("Subscriptions", graph.subscription_type),
    ):
        if root:
            parts.append(f"## {title}\n")
            parts += [entry(name, field) for name, field in sorted(root.fields.items())]
    for title, kind in SECTIONS:
        parts.append(f"## {title}\n")
        parts += [described(named) for named in own_types(graph) if isinstance(named, kind)]
    return "\n".join(parts)


def introduction() -> str:
    """Return what holds for the whole API."""
    return f"""Ask by POST to `/graphql` as `application/json`; a browser that opens `/graphql` gets
a page to try questions on. Reading by GET works too, except for customers, whose names do not
belong in URLs.
Every question and change needs a token with the scope that the error names.

- Lists come in pages of 1 to {pages.PAGE_MAX} entries, {pages.PAGE_DEFAULT} unless told otherwise;
  pass `endCursor` as `after` for the next page.
- One answer is one snapshot: what changes meanwhile is not seen in half of it.
- Errors carry `extensions.code`, which never changes, and `extensions.remedy`.
- A change answers with what was done or with a `Problem`; `validateOnly` tries it, and a header
  `Idempotency-Key` makes a repeated request happen once.
- A question has at most {documents.DEPTH_MAX} levels, {documents.ALIASES_MAX} aliases,
  {documents.FIELDS_MAX} fields, {documents.DIRECTIVES_MAX} directives and {documents.TOKENS_MAX}
  tokens, and at most {cost.LISTS_MAX} lists. Its cost is reckoned before it is answered: a field
  is 1, a list {cost.COST_PER_LIST} and everything in it as often as the page has rows, a condition
  of a filter 1 for every row; together at most {cost.COST_MAX}. An answer has at most
  {whole.ANSWER_BYTES_MAX} bytes and takes at most {whole.STATEMENT_SECONDS_MAX} seconds of the
  database. One request asks one operation.
- Lists within lists have {ROWS_PER_LIST} entries unless told otherwise.
- `filter` takes one object per field, `and`, `or` and `not`, and goes through relations;
  `orderBy` takes a list; `groupBy` counts per value. Who may see what: access-matrix.md.
"""


def own_types(graph: GraphQLSchema) -> Iterator[GraphQLNamedType]:
    """Yield the types that are neither GraphQL's own nor the roots, by name."""
    roots = {graph.query_type, graph.mutation_type, graph.subscription_type}
    for _, named in sorted(graph.type_map.items()):
        if not (is_introspection_type(named) or is_specified_scalar_type(named) or named in roots):
            yield named


def entry(name: str, field: GraphQLField) -> str:
    """Describe one root field with its arguments."""
    lines = [f"### `{name}`: `{field.type}`\n", f"{field.description}\n"]
    if field.args:
        lines += ["| Argument | Type | Meaning |", "|---|---|---|"]
        lines += [
            f"| `{argument}` | `{given.type}` | {one_line(given.description)} |"
            for argument, given in field.args.items()
        ]
        lines.append("")
    return "\n".join(lines)


def described(named: GraphQLNamedType) -> str:
    """Describe one type with its fields or values."""
    lines = [f"### `{named.name}`\n", f"{named.description}\n"]
    if isinstance(named, GraphQLEnumType):
        lines += ["| Value | Meaning |", "|---|---|"]
        lines += [f"| `{n}` | {one_line(v.description)} |" for n, v in named.values.items()]
    elif isinstance(named, GraphQLUnionType):
        lines.append(f"One of {', '.join(f'`{member.name}`' for member in named.types)}.")
    elif isinstance(named, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
        lines += ["| Field | Type | Meaning |", "|---|---|---|"]
        lines += [
            f"| `{n}` | `{f.type}` | {one_line(f.description)} |" for n, f in named.fields.items()
        ]
    return "\n".join([*lines, ""])


def one_line(text: str | None) -> str:
    """Return a description as a table takes it."""
    return " ".join((text or "").split()).replace("|", "\\|")


def matrix() -> str:
    """Return the page that says who may see what."""
    parts = [
        "# Who may see what by GraphQL\n",
        GENERATED,
        MATRIX_PREFACE,
        "## Where questions begin\n",
        "| Field of Query | Gives | Needs | Others get |\n|---|---|---|---|",
    ]
    parts += [
        f"| `{camel(entry.name)}` | {entry.target} | {may_see(entry.policy)} |"
        for entry in CATALOGUE.entries.values()
    ]
    for readable in CATALOGUE.types.values():
        parts.append(f"\n## {readable.name}\n\n{readable.description}\n")
        parts.append("| Field | Needs | Others get |\n|---|---|---|")
        parts += [
            f"| `{camel(name)}` | {may_see(field.policy)} |"
            for name, field in readable.all_fields.items()
        ]
    return "\n".join([*parts, ""])


def may_see(policy: Policy | None) -> str:
    """Return a policy as two cells of a table."""
    assert policy
    masked = policy.otherwise is Otherwise.MASKED
    other = "a mask" if masked else policy.otherwise.value
    purpose = " and a purpose that covers it" if policy.when else ""
    return f"`{policy.scope}`{purpose} | {other}"


def pages_written() -> dict[Path, str]:
    """Return every generated file by its path."""
    return {CONTRACT: contract(), REFERENCE: reference(), MATRIX: matrix()}


def main() -> int:
    """Write both files, unless that would break a promise."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--break", dest="may_break", action="store_true", help="break a promise")
    may_break = parser.parse_args().may_break
    if CONTRACT.exists() and not may_break:
        changes = broken(CONTRACT.read_text(encoding="utf-8"), contract())
        if changes:
            sys.stderr.write("This breaks questions people ask today:\n")
            sys.stderr.writelines(f"  {change}\n" for change in changes)
            sys.stderr.write("Keep the old field beside the new one, or run with --break.\n")
            return 1
    for path, text in pages_written().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{path.relative_to(ROOT)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
