"""Questions of an architect by GraphQL: answered in memory, so the compiler leaves them alone."""

from datetime import UTC, datetime
from typing import Annotated, Any

import psycopg
import strawberry

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
from schemas.landscape import ElementKind

ANSWERS_MAX = 1000  # what one question gives; each has filters to ask for less

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


def _portfolio(
    db: psycopg.Connection, as_of: datetime | None, scenario: strawberry.ID | None
) -> Portfolio:
    return portfolio(graph_asked(db, as_of, scenario))


async def _ask(info: Info, question: Any) -> Any:
    return await info.context.read(Scope.LANDSCAPE_READ, lambda db: answered(question(db)))


def _few(rows: list[Any], first: int) -> list[Any]:
    return rows[: max(0, min(first, ANSWERS_MAX))]


@strawberry.type(description="Questions about the landscape, answered in memory.")
class LandscapeQuestions:
    """Questions about the landscape, answered in memory."""

    @strawberry.field(
        description="Reference components and how well they are filled in, by name.",
        graphql_type=listed(Covered),
    )
    async def coverage(
        self,
        info: Info,
        cover: Annotated[
            Cover | None, strawberry.argument(description="Only those filled in like this.")
        ] = None,
        first: First = ANSWERS_MAX,
        as_of: AsOf = None,
        scenario: InScenario = None,
    ) -> Any:
        """Lay systems beside reference components."""

        def question(db: psycopg.Connection) -> list[Covered]:
            rows = gaps(_portfolio(db, as_of, scenario)).components
            return _few([one for one in rows if cover in {None, one.cover}], first)

        return await _ask(info, question)

    @strawberry.field(
        description="Standards that systems have to meet, by way of their components.",
        graphql_type=listed(Obligation),
    )
    async def obligations(
        self,
        info: Info,
        *,
        of: Annotated[
            str | None, strawberry.argument(description="Only this system: name, URN or id.")
        ] = None,
        role: Annotated[
            Role | None, strawberry.argument(description="Only obligations as binding as this.")
        ] = None,
        first: First = ANSWERS_MAX,
        as_of: AsOf = None,
        scenario: InScenario = None,
    ) -> Any:
        """Find what has to be met."""

        def question(db: psycopg.Connection) -> list[Obligation]:
            found = _portfolio(db, as_of, scenario)
            system = None if of is None else found.own.find(of)
            rows = obligations(found, system=system)
            return _few([one for one in rows if role in {None, one.role}], first)

        return await _ask(info, question)

    @strawberry.field(
        description="Systems that begin or end, in the order of their days.",
        graphql_type=listed(Step),
    )
    async def roadmap(
        self,
        info: Info,
        first: First = ANSWERS_MAX,
        as_of: AsOf = None,
        scenario: InScenario = None,
    ) -> Any:
        """Find what begins and ends."""
        today = datetime.now(UTC).date()
        return await _ask(
            info, lambda db: _few(roadmap(_portfolio(db, as_of, scenario), today=today), first)
        )

    @strawberry.field(
        description="Suppliers and what hangs on each, the largest first.",
        graphql_type=listed(Supplied),
    )
    async def suppliers(
        self,
        info: Info,
        first: First = ANSWERS_MAX,
        as_of: AsOf = None,
        scenario: InScenario = None,
    ) -> Any:
        """Find who supplies what."""
        return await _ask(info, lambda db: _few(suppliers(_portfolio(db, as_of, scenario)), first))

    @strawberry.field(
        description="Data sets with personal data, who touches them, and where they flow.",
        graphql_type=listed(PersonalData),
    )
    async def personal_data_flows(
        self,
        info: Info,
        first: First = ANSWERS_MAX,
        as_of: AsOf = None,
        scenario: InScenario = None,
    ) -> Any:
        """Find personal data."""
        return await _ask(
            info, lambda db: _few(personal_data(graph_asked(db, as_of, scenario)), first)
        )

    @strawberry.field(
        description="Elements that may have been registered twice, the surest first.",
        graphql_type=listed(Duplicate),
    )
    async def possible_duplicates(
        self,
        info: Info,
        kinds: Kinds = None,
        first: First = ANSWERS_MAX,
        as_of: AsOf = None,
        scenario: InScenario = None,
    ) -> Any:
        """Find what stands twice."""
        return await _ask(
            info,
            lambda db: _few(duplicates(graph_asked(db, as_of, scenario), kinds=kinds or ()), first),
        )

    @strawberry.field(
        description="Elements found by name or description, through errors and inflections.",
        graphql_type=listed(Found),
    )
    async def search_landscape(
        self,
        info: Info,
        *,
        words: Annotated[str, strawberry.argument(description="What is remembered of it.")],
        kinds: Kinds = None,
        first: First = FOUND_DEFAULT,
        as_of: AsOf = None,
        scenario: InScenario = None,
    ) -> Any:
        """Find elements."""
        return await _ask(
            info,
            lambda db: search(
                graph_asked(db, as_of, scenario), words, kinds=kinds or (), limit=max(0, first)
            ),
        )

    @strawberry.field(
        description="How complete records are, the worst first.",
        graphql_type=listed(Completeness),
    )
    async def record_scores(
        self,
        info: Info,
        below: Annotated[
            int, strawberry.argument(description="Only records with a score below this.")
        ] = 101,
        first: First = 100,
        as_of: AsOf = None,
        scenario: InScenario = None,
    ) -> Any:
        """Score records."""

        def question(db: psycopg.Connection) -> list[Completeness]:
            rows = completeness(_portfolio(db, as_of, scenario))
            return _few([one for one in rows if one.score < below], first)

        return await _ask(info, question)

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

        def question(db: psycopg.Connection) -> list[Compared]:
            rows = declared_against_observed(
                kept_graph(db),
                [Flow(str(f.from_id), str(f.to_id), f.records, f.last) for f in observed_flows(db)],
                now=datetime.now(UTC),
                connected={str(key): wrong for key, wrong in connected_interfaces(db).items()},
            )
            return _few([one for one in rows if verdict in {None, one.verdict}], first)

        return await _ask(info, question)
