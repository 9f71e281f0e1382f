"""The GraphQL types of everything readable, made from the declarations.

Classes come first and empty, so that types may name each other; then each gets its fields, and
strawberry makes types of them. `registry.api.reading.plain` resolves the fields.
"""

import inspect
from collections.abc import Callable, Iterable
from typing import Annotated, Any, Final

import strawberry
from strawberry.scalars import JSON

from registry.api.context import Context
from registry.api.reading import plain
from registry.api.reading.catalogue import CATALOGUE
from registry.api.reading.inputs import PYTHON_TYPES, Inputs, list_of
from registry.api.reading.lists import PAGE_DEFAULT, PAGE_MAX, SEARCH_CHARACTERS_MAX
from registry.api.reading.pages import Group, PageInfo
from registry.api.reading.rows import Page, Row
from registry.storage.readable import Argument, Column, Entry, Join, Readable, Value, Way

Info = strawberry.Info[Context, None]
INPUTS: Final = Inputs(CATALOGUE)
PRIVATE_ROW: Final[Any] = strawberry.Private[Row]
PRIVATE_PAGE: Final[Any] = strawberry.Private[Page]


@strawberry.interface(description="Anything with a global id, after Relay.")
class Node:
    """Anything with a global id."""

    row: strawberry.Private[Row]

    @strawberry.field(description="Global id; opaque, stable for ever.")
    def id(self) -> strawberry.ID:
        """Return the global id."""
        return strawberry.ID(self.row.global_id())


def _made(names: Iterable[str], suffix: str = "", base: type = object) -> dict[str, type]:
    return {name: type(f"{name}{suffix}", (base,), {}) for name in names}


def _bases(readable: Readable) -> type:
    if readable.extends:
        return TYPES[readable.extends.name]
    return Node if readable.id_kind else object


TYPES: Final[dict[str, type]] = {}
for _each in CATALOGUE.types.values():  # interfaces are declared before what extends them
    TYPES[_each.name] = type(_each.name, (_bases(_each),), {})
EDGES: Final = _made(CATALOGUE.types, "Edge")
CONNECTIONS: Final = _made(CATALOGUE.types, "Connection")


def argument_of(name: str, kind: Any, description: str) -> inspect.Parameter:
    """Return an optional argument of a resolver."""
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[kind | None, strawberry.argument(description=description)],
    )


def _page_arguments(target: Readable, rows: int, *, root: bool) -> list[inspect.Parameter]:
    """Return the arguments of a list that comes in pages."""
    said = f"Entries of the page, 1 to {PAGE_MAX}; {rows} unless told otherwise."
    arguments = [
        argument_of("first", int, said),
        argument_of("after", str, "`endCursor` of the page before, of the same list."),
        argument_of("last", int, f"The last entries instead of the first, 1 to {PAGE_MAX}."),
        argument_of("before", str, "`startCursor` of the page after, of the same list."),
        argument_of("filter", INPUTS.filters[target.name], "What must hold of each entry."),
        argument_of(
            "order_by",
            list_of(INPUTS.orders[target.name]),
            "What the list is sorted by; its own order unless told otherwise.",
        ),
    ]
    if target.search and root:
        said = f"Part of the name in any case, at most {SEARCH_CHARACTERS_MAX} characters."
        arguments.append(argument_of("search", str, said))
    return arguments


def _entry_argument(argument: Argument) -> inspect.Parameter:
    named = argument.kind if isinstance(argument.kind, type) else PYTHON_TYPES[argument.kind]
    one: Any = strawberry.ID if argument.is_id else named
    kind: Any = list_of(one) if argument.many else one
    optional = argument_of(argument.name, kind, argument.description)
    if not argument.required:
        return optional
    said = strawberry.argument(description=argument.description)
    return optional.replace(default=inspect.Parameter.empty, annotation=Annotated[kind, said])


def field_of(
    resolve: Callable[..., Any],
    name: str,
    kind: Any,
    description: str,
    arguments: Iterable[inspect.Parameter] = (),
) -> Any:
    """Return a strawberry field whose signature is made here, not written by hand."""
    positional = inspect.Parameter.POSITIONAL_OR_KEYWORD

    def resolver(self: Any, info: Any, **given: Any) -> Any:
        return resolve(self, info, given)

    resolver.__name__ = name
    resolver.__signature__ = inspect.Signature(  # type: ignore[attr-defined] # Python reads it
        [
            inspect.Parameter("self", positional),
            inspect.Parameter("info", positional, annotation=Info),
            *arguments,
        ],
        return_annotation=kind,
    )
    return strawberry.field(resolver=resolver, description=description)


def _scalar(column: Column) -> Any:
    if column.kind is Value.JSON:
        kind: Any = JSON
    else:
        kind = column.kind if isinstance(column.kind, type) else PYTHON_TYPES[column.kind]
    return kind | None if column.nullable else kind


def _column(column: Column) -> Any:
    return field_of(plain.column(column), column.name, _scalar(column), column.description)


def _join(join: Join) -> Any:
    target = CATALOGUE.target(join)
    kind = TYPES[join.target]
    if join.many and join.paged:
        arguments = _page_arguments(target, join.rows, root=False)
        return field_of(
            plain.join_page(join), join.name, CONNECTIONS[join.target], join.description, arguments
        )
    if join.many:
        return field_of(plain.join_rows(join), join.name, list_of(kind), join.description)
    return field_of(
        plain.join_one(join), join.name, kind | None if join.nullable else kind, join.description
    )


def entry_field(entry: Entry) -> Any:
    """Return the field of an entry point, for Query or Landscape."""
    target = CATALOGUE.target(entry)
    arguments = [_entry_argument(each) for each in entry.arguments]
    arguments.sort(key=lambda each: each.default is None)
    resolve = plain.entry(entry)
    if entry.way is Way.PAGES:
        arguments += _page_arguments(target, PAGE_DEFAULT, root=True)
        kind: Any = CONNECTIONS[entry.target]
    else:
        one = TYPES[entry.target]
        kind = list_of(one) if entry.way is Way.LIST else one | None
    return field_of(resolve, entry.name, kind, entry.description, arguments)


def publish_type(made: type, description: str, fields: dict[str, Any], **more: Any) -> None:
    """Make a class a type of the graph."""
    made.__doc__ = description
    made.__annotations__ = vars(made).get("__annotations__", {}) | more.pop("annotations", {})
    for name, field in fields.items():
        setattr(made, name, field)
    is_interface = more.pop("is_interface", False)
    make = strawberry.interface if is_interface else strawberry.type
    make(made, name=made.__name__, description=description)


def _publish(readable: Readable) -> None:
    inherited = readable.extends.all_fields if readable.extends else {}
    fields = {
        name: _column(field) if isinstance(field, Column) else _join(field)
        for name, field in readable.all_fields.items()
        if name not in inherited
    }
    has_row = readable.extends is not None or bool(readable.id_kind)
    private = {} if has_row else {"row": PRIVATE_ROW}
    made = TYPES[readable.name]
    publish_type(
        made,
        readable.description,
        fields,
        annotations=private,
        is_interface=readable.is_interface,
    )
    plain.CLASSES[readable.name] = made


def _publish_pages(readable: Readable) -> None:
    """Publish edge and connection of a type."""
    name, kind = readable.name, TYPES[readable.name]
    cursor = field_of(plain.edge_cursor, "cursor", str, "Place of this entry.")
    node = field_of(plain.edge_node, "node", kind, "The entry itself.")
    private = {"page": PRIVATE_PAGE}
    edge = {"row": PRIVATE_ROW}
    publish_type(
        EDGES[name], "One entry of a page.", {"cursor": cursor, "node": node}, annotations=edge
    )
    edges = list_of(EDGES[name])
    entries = list_of(kind)
    counted = "Entries of the whole list; counted only when asked for, which takes time."
    fields = {
        "edges": field_of(plain.page_edges, "edges", edges, "Entries with their cursors."),
        "page_info": field_of(plain.page_info, "page_info", PageInfo, "Whether more follows."),
        "nodes": field_of(plain.page_nodes, "nodes", entries, "The entries without their cursors."),
        "total_count": field_of(plain.total_count, "total_count", int, counted),
    }
    if grouping := INPUTS.groupings[name]:
        by = inspect.Parameter(
            "by",
            inspect.Parameter.KEYWORD_ONLY,
            annotation=Annotated[
                list_of(grouping), strawberry.argument(description="One to three columns.")
            ],
        )
        said = "Rows of the whole list counted per value, the largest groups first, at most 200."
        fields["group_by"] = field_of(plain.groups, "group_by", list[Group], said, [by])
    said = "One page of a list, in a stable order."
    publish_type(CONNECTIONS[name], said, fields, annotations=private)
    plain.EDGES[name], plain.CONNECTIONS[name] = EDGES[name], CONNECTIONS[name]


for _each in CATALOGUE.types.values():
    _publish(_each)
for _each in CATALOGUE.types.values():
    _publish_pages(_each)
