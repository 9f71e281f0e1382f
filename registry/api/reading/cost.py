"""What a question may cost, reckoned before it is answered: page sizes multiplied down the tree.

The cost is the number of values an answer may hold. A field is one; a list is ten for being
looked up and then everything in it as often as the page has rows; a condition is one for every
row it is tried on.
"""

from collections.abc import Mapping
from typing import Any, Final

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    OperationDefinitionNode,
    get_named_type,
    is_leaf_type,
)
from graphql.execution.collect_fields import collect_fields, collect_sub_fields
from graphql.execution.values import get_argument_values

from registry.api.reading.catalogue import Catalogue
from registry.api.reading.lists import GROUPS_MAX, PAGE_DEFAULT
from registry.api.refusals import AnswerTooLarge
from registry.storage.readable import Join, Way, camel

COST_MAX: Final = 100_000  # of 20 bytes and a microsecond each: 2 MB, and a fraction of a second
COST_PER_LIST: Final = 10
LISTS_MAX: Final = 100  # as written; each is planned by the database, however few rows it has
_IN_CONNECTION: Final = {"nodes", "edges"}


class Cost:
    """Reckons the cost of one operation.

    Args:
        catalogue: What can be read.
        graph: The schema.
        fragments: The document's fragments.
        variables: Coerced variables.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        graph: GraphQLSchema,
        fragments: dict[str, FragmentDefinitionNode],
        variables: dict[str, Any],
    ) -> None:
        self._graph = graph
        self._fragments = fragments
        self._variables = variables
        self._lists = 0
        self._sizes = _sizes(catalogue)

    def check(self, operation: OperationDefinitionNode) -> int:
        """Return the cost of an operation.

        Raises:
            AnswerTooLarge: It is more than `COST_MAX`, or there are more than `LISTS_MAX` lists.
        """
        root = self._graph.get_root_type(operation.operation)
        assert root is not None  # the operation has been validated
        collected = collect_fields(
            self._graph, self._fragments, self._variables, root, operation.selection_set
        )
        cost = self._all(root, collected, 1)
        if cost > COST_MAX:
            raise AnswerTooLarge(
                f"The answer may hold {cost} values; {COST_MAX} are allowed.", cost=cost
            )
        return cost

    def _all(
        self, kind: GraphQLObjectType, collected: Mapping[str, list[FieldNode]], size: int
    ) -> int:
        """Return the cost of one object's fields; `size` is of the page around it, if any."""
        total = 0
        for nodes in collected.values():
            name = nodes[0].name.value
            field = kind.fields.get(name)
            if field is None:
                total += 1
                continue
            if is_leaf_type(get_named_type(field.type)):
                total += 1
                continue
            arguments = get_argument_values(field, nodes[0], self._variables)
            rows, own = self._rows(kind.name, name, arguments)
            if name in _IN_CONNECTION and kind.name.endswith("Connection"):
                rows = size
            inner = self._inner(get_named_type(field.type), nodes, rows or 1)
            is_page = str(get_named_type(field.type)).endswith("Connection")
            total += own + (inner if is_page or rows is None else rows * inner)
            if total > 1000 * COST_MAX:
                break
        return total

    def _inner(self, kind: Any, nodes: list[FieldNode], size: int) -> int:
        """Return the cost of one object: of the dearest type that it can turn out to be."""
        kinds = (
            self._graph.get_possible_types(kind)
            if isinstance(kind, GraphQLInterfaceType | GraphQLUnionType)
            else [kind]
        )
        return max(
            self._all(
                each,
                collect_sub_fields(self._graph, self._fragments, self._variables, each, nodes),
                size,
            )
            for each in kinds
        )

    def _rows(self, kind: str, name: str, arguments: Mapping[str, Any]) -> tuple[int | None, int]:
        """Return how many rows a field gives, None for a single thing, and its own cost."""
        if name == "groupBy":
            return GROUPS_MAX, COST_PER_LIST
        if kind == "Query" and name == "nodes":
            return max(1, len(arguments["ids"])), COST_PER_LIST
        known = self._sizes.get((kind, name))
        if known is None:
            return None, 1
        self._lists += 1
        if self._lists > LISTS_MAX:
            raise AnswerTooLarge(f"The question has more than {LISTS_MAX} lists.")
        asked = arguments.get("first") or arguments.get("last")
        rows = min(max(asked, 1), 1000) if asked else known
        return rows, COST_PER_LIST + rows * _conditions(arguments.get("filter"))


def _conditions(given: Any) -> int:
    """Return how many conditions a filter holds."""
    if isinstance(given, Mapping):
        return sum(1 + _conditions(part) for part in given.values())
    if isinstance(given, list):
        return sum(_conditions(part) for part in given if isinstance(part, Mapping))
    return 0


def _sizes(catalogue: Catalogue) -> dict[tuple[str, str], int]:
    """Return the rows of every list by the type and field that has it."""
    sizes = {
        (root, camel(entry.name)): PAGE_DEFAULT if entry.way is Way.PAGES else entry.rows
        for entry in catalogue.entries.values()
        for root in ("Query", "Landscape")
        if entry.way is not Way.ONE
    }
    for readable in catalogue.types.values():
        for field in readable.all_fields.values():
            if isinstance(field, Join) and field.many:
                sizes[readable.name, camel(field.name)] = field.rows
    return sizes
