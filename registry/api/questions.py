"""Questions of an architect by GraphQL: answered in memory, so the compiler leaves them alone.

A function that takes the landscape, or a portfolio made of it, becomes a field with one line:

    suppliers = question(_suppliers, Supplied, "Suppliers and what hangs on each …")

`question` adds the arguments `first`, `asOf` and `scenario`, reads that landscape under the scope,
and cuts the answer.
"""

import inspect
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import psycopg
import strawberry
from msgspec import Struct

from registry.api.answered import answered, listed
from registry.api.context import Context
from registry.api.reading.moments import past, read_scenario
from registry.intake.observed import connected_interfaces, observed_flows
from registry.landscape.questions.completeness import Completeness, completeness
from registry.landscape.questions.duplicates import Duplicate, duplicates
from registry.landscape.questions.gaps import Cover, Covered, gaps
from registry.landscape.questions.graph import LandscapeGraph
from registry.landscape.questions.obligations import Obligation, Role, obligations
from registry.landscape.questions.observed import (
    Compared,
    Flow,
    Verdict,
    declared_against_observed,
)
from registry.landscape.questions.personal import PersonalData, personal_data
from registry.landscape.questions.portfolio import Portfolio, portfolio
from registry.landscape.questions.roadmap import Step, roadmap
from registry.landscape.questions.search import FOUND_DEFAULT, Found, search
from registry.landscape.questions.stored import graph_at, kept_graph
from registry.landscape.questions.suppliers import Supplied, suppliers
from schemas.access import Scope
from schemas.landscape_kinds import ElementKind

ANSWERS_MAX = 1000  # what one question gives; each has filters to ask for less
SCORES_DEFAULT: Final = 100  # the worst records are asked for to be mended, not to be counted

Info = strawberry.Info[Context, None]
Of = Annotated[str, strawberry.argument(description="Name, URN or id of an element.")]
Kinds = Annotated[
    list[ElementKind] | None, strawberry.argument(description="Only these kinds of elements.")
]
First = Annotated[int, strawberry.argument(description=f"Most answers, at most {ANSWERS_MAX}.")]
AsOf = Annotated[
    datetime | None, strawberry.argument(description="A day that has been; now if left out.")
]
InScenario = Annotated[
    strawberry.ID | None,
    strawberry.argument(description="Global id of a scenario: as if its plans held."),
]


def graph_asked(
    db: psycopg.Connection, as_of: datetime | None, scenario: strawberry.ID | None
) -> LandscapeGraph:
    """Return the landscape of a day or with a plan; of neither, the present."""
    planned = None if scenario is None else read_scenario(scenario)
    return graph_at(db, None if as_of is None else past(as_of), planned)


def question(
    do: Callable[..., list[Any]], answer: type[Struct], description: str, first: int = ANSWERS_MAX
) -> Any:
    """Make a field of a function.

    Args:
        do: Takes the landscape first, or the portfolio if it is annotated so; the rest by keyword,
            annotated as arguments of the field. Returns rows, those that matter most first.
        answer: Of what the rows are.
        description: What it tells, as the schema says it.
        first: How many rows are given unless somebody says.

    Returns:
        A field for the class of questions.
    """
    over, *own = inspect.signature(do).parameters.values()

    async def resolve(info: Info, **given: Any) -> Any:
        count, as_of, scenario = (given.pop(name) for name in ("first", "as_of", "scenario"))

        def ask(db: psycopg.Connection) -> Any:
            graph = graph_asked(db, as_of, scenario)
            rows = do(portfolio(graph) if over.annotation is Portfolio else graph, **given)
            return answered(_few(rows, count))

        return await info.context.read(Scope.LANDSCAPE_READ, ask)

    kind = inspect.Parameter.KEYWORD_ONLY
    common = (
        inspect.Parameter("first", kind, default=first, annotation=First),
        inspect.Parameter("as_of", kind, default=None, annotation=AsOf),
        inspect.Parameter("scenario", kind, default=None, annotation=InScenario),
    )
    info = inspect.signature(resolve).parameters["info"]
    resolve.__signature__ = inspect.Signature(  # type: ignore[attr-defined] # strawberry reads it
        [info, *own, *common], return_annotation=Any
    )
    resolve.__module__, resolve.__name__ = do.__module__, do.__name__.lstrip("_")
    return strawberry.field(resolver=resolve, description=description, graphql_type=listed(answer))


def _few(rows: list[Any], first: int) -> list[Any]:
    return rows[: max(0, min(first, ANSWERS_MAX))]


def _coverage(
    found: Portfolio,
    *,
    cover: Annotated[
        Cover | None, strawberry.argument(description="Only those filled in like this.")
    ] = None,
) -> list[Covered]:
    return [one for one in gaps(found).components if cover in {None, one.cover}]


def _obligations(
    found: Portfolio,
    *,
    of: Annotated[
        str | None, strawberry.argument(description="Only this system: name, URN or id.")
    ] = None,
    role: Annotated[
        Role | None, strawberry.argument(description="Only obligations as binding as this.")
    ] = None,
) -> list[Obligation]:
    system = None if of is None else found.own.find(of)
    return [one for one in obligations(found, system=system) if role in {None, one.role}]


def _roadmap(found: Portfolio) -> list[Step]:
    return roadmap(found, today=datetime.now(UTC).date())


def _suppliers(found: Portfolio) -> list[Supplied]:
    return suppliers(found)


def _personal_data_flows(graph: LandscapeGraph) -> list[PersonalData]:
    return personal_data(graph)


def _possible_duplicates(graph: LandscapeGraph, *, kinds: Kinds = None) -> list[Duplicate]:
    return duplicates(graph, kinds=kinds or ())


def _search_landscape(
    graph: LandscapeGraph,
    *,
    words: Annotated[str, strawberry.argument(description="What is remembered of it.")],
    kinds: Kinds = None,
) -> list[Found]:
    return search(graph, words, kinds=kinds or (), limit=ANSWERS_MAX)


def _record_scores(
    found: Portfolio,
    *,
    below: Annotated[
        int, strawberry.argument(description="Only records with a score below this.")
    ] = 101,
) -> list[Completeness]:
    return [one for one in completeness(found) if one.score < below]


@strawberry.type(description="Questions about the landscape, answered in memory.")
class LandscapeQuestions:
    """Questions about the landscape, answered in memory."""

    coverage = question(
        _coverage, Covered, "Reference components and how well they are filled in, by name."
    )
    obligations = question(
        _obligations,
        Obligation,
        "Standards that systems have to meet, by way of their components.",
    )
    roadmap = question(_roadmap, Step, "Systems that begin or end, in the order of their days.")
    suppliers = question(
        _suppliers, Supplied, "Suppliers and what hangs on each, the largest first."
    )
    personal_data_flows = question(
        _personal_data_flows,
        PersonalData,
        "Data sets with personal data, who touches them, and where they flow.",
    )
    possible_duplicates = question(
        _possible_duplicates,
        Duplicate,
        "Elements that may have been registered twice, the surest first.",
    )
    search_landscape = question(
        _search_landscape,
        Found,
        "Elements found by name or description, through errors and inflections.",
        FOUND_DEFAULT,
    )
    record_scores = question(
        _record_scores, Completeness, "How complete records are, the worst first.", SCORES_DEFAULT
    )

    @strawberry.field(
        description="What is declared to flow beside what was observed, the worst first.",
        graphql_type=listed(Compared),
    )
    async def declared_against_observed(
        self,
        info: Info,
        verdict: Annotated[
            Verdict | None, strawberry.argument(description="Only what is judged like this.")
        ] = None,
        first: First = ANSWERS_MAX,
    ) -> Any:
        """Compare the register's words with what the connectors saw."""

        def compare(db: psycopg.Connection) -> Any:
            rows = declared_against_observed(
                kept_graph(db),
                [Flow(str(f.from_id), str(f.to_id), f.records, f.last) for f in observed_flows(db)],
                now=datetime.now(UTC),
                connected={str(key): wrong for key, wrong in connected_interfaces(db).items()},
            )
            return answered(_few([one for one in rows if verdict in {None, one.verdict}], first))

        return await info.context.read(Scope.LANDSCAPE_READ, compare)
