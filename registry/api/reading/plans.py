"""Plans: what compiling an operation gave, kept and filled in again for the next request.

A plan belongs to the text of the question, the operation in it, the scopes of who asks, and the
shape of the variables: whatever may change the SQL. Texts, moments and the members of lists do not
change it, so they are left out of the shape and become parameters.
"""

from collections import OrderedDict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLField,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
)
from graphql.execution.values import get_argument_values, get_variable_values

from registry.api.reading.catalogue import CATALOGUE
from registry.api.reading.compiler import Compiler, NotCompilable
from registry.api.reading.cost import Cost
from registry.api.reading.places import read_global_id
from registry.api.reading.writing import Parameter, Writer, numbered
from registry.api.refusals import AnswerTooLarge
from schemas.access import Scope
from schemas.errors import AccessDenied, InvalidInput

PLANS_MAX: Final = 500  # of 10 kB each: 5 MB
SQL_CHARACTERS_MAX: Final = 200_000  # longer statements take longer to plan than to answer


@dataclass(frozen=True)
class Plan:
    """One statement and how to fill it in.

    Attributes:
        sql: With `$1` for the first parameter; bytes, so that nothing encodes it again.
        parameters: Where each value comes from; all are checked.
        used: Which of them the statement takes.
        arguments: Arguments of each field that has any; None where variables decide.
        sites: Definition and node of the same fields.
        scopes: What it gives to see.
        first: Name in the answer of the first field, where errors of the whole are put.
    """

    sql: bytes
    parameters: tuple[Parameter, ...]
    used: tuple[int, ...]
    arguments: tuple[Mapping[str, Any] | None, ...]
    sites: tuple[tuple[GraphQLField, FieldNode], ...]
    scopes: frozenset[Scope]
    first: str

    def values(self, variables: dict[str, Any]) -> list[Any]:
        """Return the parameters of a request.

        Raises:
            InvalidInput: A value makes no sense.
        """
        arguments: Sequence[Mapping[str, Any]] = [
            get_argument_values(field, node, variables) if known is None else known
            for known, (field, node) in zip(self.arguments, self.sites, strict=True)
        ]
        values = [parameter.value(arguments) for parameter in self.parameters]
        return [values[at] for at in self.used]


@dataclass(frozen=True)
class Question:
    """One operation as it was asked.

    Attributes:
        text: The document's text, which stands for the document.
        document: The document.
        operation: The operation in it.
        variables: Coerced variables.
    """

    text: str
    document: DocumentNode
    operation: OperationDefinitionNode
    variables: dict[str, Any]


class Plans:
    """Keeps plans, the least recently used one leaving first.

    Args:
        graph: The schema.
    """

    def __init__(self, graph: GraphQLSchema) -> None:
        self._graph = graph
        self._kept: OrderedDict[Hashable, Plan | None] = OrderedDict()

    def __len__(self) -> int:
        """Return how many plans are kept; questions without one are kept beside them."""
        return sum(plan is not None for plan in self._kept.values())

    def question(
        self, text: str, document: DocumentNode, name: str | None, given: dict[str, Any] | None
    ) -> Question | None:
        """Return a read operation with its variables; None where the executor has to answer."""
        operation = _operation(document, name)
        if operation is None or operation.operation is not OperationType.QUERY:
            return None
        definitions = operation.variable_definitions
        if not definitions:
            return Question(text, document, operation, {})
        coerced = get_variable_values(self._graph, definitions, given or {})
        return Question(text, document, operation, coerced) if isinstance(coerced, dict) else None

    def weigh(self, document: DocumentNode, name: str | None, given: dict[str, Any] | None) -> None:
        """Reckon the cost of a change, whose answer may hold lists like any other.

        Events of subscriptions are flat, so that they cannot multiply.

        Raises:
            AnswerTooLarge: It would cost more than a question may.
        """
        operation = _operation(document, name)
        if operation is None or operation.operation is OperationType.QUERY:
            return
        definitions = operation.variable_definitions or ()
        coerced = get_variable_values(self._graph, definitions, given or {})
        if not isinstance(coerced, dict):
            return  # execution says what is wrong with them
        try:
            Cost(CATALOGUE, self._graph, _fragments(document), coerced).check(operation)
        except AnswerTooLarge:
            raise
        except (InvalidInput, GraphQLError):
            return  # as above, of arguments

    def plan(self, question: Question, scopes: frozenset[Scope]) -> tuple[Plan, list[Any]] | None:
        """Return the plan of a question and its parameters; None where the executor must answer.

        Raises:
            AnswerTooLarge: It would cost more than a question may.
        """
        key = _key(question, scopes)
        try:
            if key in self._kept:
                return self._filled(key, question)
            plan, values = self._compiled(question, scopes)
        except AnswerTooLarge:
            raise
        except (InvalidInput, AccessDenied, GraphQLError):
            return None  # the executor tells the same error at the field it belongs to
        self._kept[key] = plan
        if len(self._kept) > PLANS_MAX:
            self._kept.popitem(last=False)
        return (plan, values) if plan else None

    def kept(self, question: Question, scopes: frozenset[Scope]) -> tuple[Plan, list[Any]] | None:
        """Return the plan of a question that was validated and compiled before."""
        key = _key(question, scopes)
        try:
            return self._filled(key, question) if key in self._kept else None
        except (InvalidInput, GraphQLError):
            return None

    def _filled(self, key: Hashable, question: Question) -> tuple[Plan, list[Any]] | None:
        self._kept.move_to_end(key)
        plan = self._kept[key]
        return (plan, plan.values(question.variables)) if plan else None

    def _compiled(
        self, question: Question, scopes: frozenset[Scope]
    ) -> tuple[Plan | None, list[Any]]:
        fragments = _fragments(question.document)
        Cost(CATALOGUE, self._graph, fragments, question.variables).check(question.operation)
        writer = Writer(scopes)
        compiler = Compiler(CATALOGUE, self._graph, fragments, question.variables, writer)
        try:
            sql = compiler.operation(question.operation)
        except NotCompilable:
            return None, []
        if len(sql) > SQL_CHARACTERS_MAX:
            return None, []
        varies = bool(question.variables)
        text, used = numbered(sql)
        plan = Plan(
            text.encode(),
            tuple(writer.parameters),
            tuple(used),
            tuple(None if varies else each for each in compiler.arguments),
            tuple(compiler.sites),
            frozenset(writer.needed),
            _first(question.operation),
        )
        return plan, [writer.values[at] for at in used]


def _fragments(document: DocumentNode) -> dict[str, FragmentDefinitionNode]:
    return {
        part.name.value: part
        for part in document.definitions
        if isinstance(part, FragmentDefinitionNode)
    }


def _key(question: Question, scopes: frozenset[Scope]) -> Hashable:
    name = question.operation.name
    shapes = tuple((each, shape(value)) for each, value in question.variables.items())
    return question.text, name.value if name else None, scopes, shapes


def shape(value: Any) -> Hashable:
    """Return what of a variable's value decides the SQL.

    Numbers stay, because they may be sizes of pages; of texts that are global ids, the kind stays.
    """
    if isinstance(value, str):
        return _kind_of(value)
    if isinstance(value, Mapping):
        return tuple((name, shape(part)) for name, part in value.items())
    if isinstance(value, list):
        return _shape_of_list(value)
    return datetime if isinstance(value, datetime) else (type(value), value)


def _shape_of_list(values: list[Any]) -> Hashable:
    """Return the shape of a list: of texts the kinds alone, of other things each."""
    shapes = [shape(value) for value in values]
    if all(isinstance(value, str | datetime) for value in values):
        return frozenset(shapes)
    is_data = not any(isinstance(value, Mapping | list | Enum) for value in values)
    return list if is_data else tuple(shapes)


def _kind_of(text: str) -> Hashable:
    try:
        return read_global_id(text)[0]
    except InvalidInput:
        return str


def _operation(document: DocumentNode, name: str | None) -> OperationDefinitionNode | None:
    found = [
        part
        for part in document.definitions
        if isinstance(part, OperationDefinitionNode)
        and (name is None or (part.name and part.name.value == name))
    ]
    return found[0] if len(found) == 1 else None


def _first(operation: OperationDefinitionNode) -> str:
    first = operation.selection_set.selections[0]
    named = getattr(first, "alias", None) or getattr(first, "name", None)
    return str(named.value) if named else ""
