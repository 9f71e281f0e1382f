"""`townclerk landscape …`: questions to a model file, or to the hub's own landscape."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from registry.landscape.questions.completeness import completeness as score
from registry.landscape.questions.duplicates import duplicates as find_duplicates
from registry.landscape.questions.gaps import Cover
from registry.landscape.questions.gaps import gaps as find_gaps
from registry.landscape.questions.impact import impact as find_impact
from registry.landscape.questions.obligations import Obligation, Role, obligations_of, role_counts
from registry.landscape.questions.obligations import obligations as find_obligations
from registry.landscape.questions.personal import personal_data as find_personal_data
from registry.landscape.questions.portfolio import Portfolio
from registry.landscape.questions.reach import DEPTH_DEFAULT, Direction
from registry.landscape.questions.roadmap import roadmap as find_roadmap
from registry.landscape.questions.search import FOUND_DEFAULT
from registry.landscape.questions.search import search as find
from registry.landscape.questions.suppliers import suppliers as find_suppliers
from schemas.errors import InvalidInput, UnknownName
from schemas.landscape_kinds import RelationshipKind
from townclerk.cli.models import (
    AsOf,
    File,
    InScenario,
    ProfileName,
    Reference,
    asked_landscape,
    asked_portfolio,
    print_answer,
    show,
    show_counts,
)
from townclerk.cli.output import AsJson, many, say, say_next

Kinds = Annotated[
    list[str] | None, typer.Option("--kinds", help="Only this kind, e.g. system; may be repeated.")
]
NEAR_MAX = 3  # names a person may have meant
NAMES_SHOWN_MAX = 8  # of systems in one cell of a table


def gaps(
    file: File = None,
    *,
    reference: Reference = None,
    profile: ProfileName = None,
    cover: Annotated[
        Cover | None, typer.Option(help="Only components that are filled in like this.")
    ] = None,
    as_of: AsOf = None,
    scenario: InScenario = None,
    as_json: AsJson = False,
) -> None:
    """Show which reference components have no system, one, several, or only ending ones."""
    with asked_portfolio(file, reference, profile, as_of, scenario) as found:
        answer = find_gaps(found)
    rows = [one for one in answer.components if cover in {None, one.cover}]
    if as_json:
        print_answer({"profile": answer.profile, "counts": answer.counts(), "components": rows,
                      "unplaced": answer.unplaced, "unknown": answer.unknown})  # fmt: skip
        return
    order = list(Cover)
    telling = [one for one in rows if one.cover is not Cover.ONE]
    telling.sort(key=lambda one: order.index(one.cover))
    shown = [(one.cover, one.name, _few(one.systems)) for one in telling]
    show(f"Gaps and overlaps: {answer.profile}", ("cover", "component", "systems"), shown)
    show_counts(answer.counts())
    known = {found.reference.keys[node] for node in found.components}
    for system, said in answer.unknown[:NAMES_SHOWN_MAX]:
        near = find(found.reference, said, limit=FOUND_DEFAULT)
        hint = "; ".join([one.name for one in near if one.key in known][:NEAR_MAX])
        meant = f" Did you mean {hint}?" if hint else ""
        say(f"{system} names {said!r}, which is no component of the reference.{meant}")
    if not answer.components:
        say_next("name the reference architecture with --reference FILE")
    else:
        say_next("`townclerk landscape obligations` tells what the systems have to meet")


def impact(
    file: File = None,
    *,
    element: Annotated[str, typer.Option(help="Name, id or URN of the element.")] = "",
    direction: Annotated[
        Direction,
        typer.Option(help="affects: what suffers when it fails; needs: what it suffers from."),
    ] = Direction.AFFECTS,
    depth: Annotated[int, typer.Option(help="Most steps.")] = DEPTH_DEFAULT,
    kinds: Kinds = None,
    relationships: Annotated[
        list[RelationshipKind] | None,
        typer.Option("--relationships", help="Only this relationship; may be repeated."),
    ] = None,
    as_of: AsOf = None,
    scenario: InScenario = None,
    as_json: AsJson = False,
) -> None:
    """Show what suffers when an element fails, or what it needs, step by step."""
    if not element:
        raise InvalidInput("No element was named.", remedy="Add --element NAME.")
    with asked_landscape(file, as_of, scenario) as graph:
        start = graph.find(element)
        rows = find_impact(
            graph,
            start,
            direction=direction,
            depth=depth,
            kinds=kinds or (),
            relationships=relationships or (),
        )
        name = graph.names[start]
    if as_json:
        print_answer({"element": name, "direction": direction, "reached": rows})
        return
    shown = [(one.depth, one.kind, one.name, one.by, one.through) for one in rows]
    show(f"{name}: {direction}", ("steps", "kind", "name", "by", "through"), shown)
    say(f"{many(len(rows), 'element')} within {many(depth, 'step')}.")
    say_next("--kinds system leaves only systems; --direction needs asks the other way round")


def obligations(
    file: File = None,
    *,
    element: Annotated[
        str | None, typer.Option(help="Only this system or reference component.")
    ] = None,
    role: Annotated[Role | None, typer.Option(help="Only obligations as binding as this.")] = None,
    reference: Reference = None,
    profile: ProfileName = None,
    as_of: AsOf = None,
    scenario: InScenario = None,
    as_json: AsJson = False,
) -> None:
    """Show which standards systems have to meet, by way of their reference components."""
    with asked_portfolio(file, reference, profile, as_of, scenario) as found:
        rows = find_obligations(found) if element is None else _obligations_of(found, element)
    rows = [one for one in rows if role in {None, one.role}]
    if as_json:
        print_answer({"counts": role_counts(rows), "obligations": rows})
        return
    shown = [(one.role, one.component, one.standard, _few(one.systems)) for one in rows]
    show("Obligations", ("role", "component", "standard", "systems"), shown)
    show_counts(role_counts(rows))
    if any(one.role is Role.UNCLEAR for one in rows):
        say_next("--role unclear lists what the reference itself does not say clearly")
    else:
        say_next("--element SYSTEM shows one system's obligations")


def roadmap(
    file: File = None,
    *,
    reference: Reference = None,
    profile: ProfileName = None,
    today: Annotated[str | None, typer.Option(help="As if today were this day.")] = None,
    as_of: AsOf = None,
    scenario: InScenario = None,
    as_json: AsJson = False,
) -> None:
    """Show which systems end or begin when, and what is left uncovered then."""
    day = _day(today)
    with asked_portfolio(file, reference, profile, as_of, scenario) as found:
        rows = find_roadmap(found, today=day)
    if as_json:
        print_answer({"today": day, "steps": rows})
        return
    shown = [(s.day or s.said, s.when, s.system, s.lifecycle, _few(s.uncovered)) for s in rows]
    show("Roadmap", ("day", "when", "system", "lifecycle", "uncovered afterwards"), shown)
    if not rows:
        say("No system says when it begins or ends.")
        say_next("`townclerk landscape completeness` lists the records that should")
    else:
        say_next("`townclerk landscape gaps --cover ending` shows what these leave behind")


def suppliers(
    file: File = None,
    *,
    reference: Reference = None,
    profile: ProfileName = None,
    as_of: AsOf = None,
    scenario: InScenario = None,
    as_json: AsJson = False,
) -> None:
    """Show who supplies which systems, and what hangs on one supplier alone."""
    with asked_portfolio(file, reference, profile, as_of, scenario) as found:
        rows = find_suppliers(found)
    if as_json:
        print_answer(rows)
        return
    shown = [
        (one.supplier or "(nobody said)", len(one.systems), f"{one.share:.0%}", _few(one.systems),
         _few(one.components))
        for one in rows
    ]  # fmt: skip
    columns = ("supplier", "systems", "share", "which", "components only it fills in")
    show("Suppliers", columns, shown)
    say_next("`townclerk landscape impact --element SYSTEM` shows what hangs on one system")


def personal_data(
    file: File = None, *, as_of: AsOf = None, scenario: InScenario = None, as_json: AsJson = False
) -> None:
    """Show which data sets hold personal data, who touches them, and where they flow."""
    with asked_landscape(file, as_of, scenario) as graph:
        rows = find_personal_data(graph)
    if as_json:
        print_answer(rows)
        return
    shown = [
        (one.name, one.owner, one.retention, _few([t.name for t in one.touched_by]),
         _few([o.name for o in one.flows_to]))
        for one in rows
    ]  # fmt: skip
    columns = ("data set or system", "owner", "retention", "touched by", "may flow on to")
    show("Personal data", columns, shown)
    if not rows:
        say("No data set or system says that it holds personal data.")
    say_next("`townclerk landscape completeness` lists data sets about which nobody said")


def duplicates(
    file: File = None,
    kinds: Kinds = None,
    as_of: AsOf = None,
    scenario: InScenario = None,
    as_json: AsJson = False,
) -> None:
    """Show elements that may have been registered twice."""
    with asked_landscape(file, as_of, scenario) as graph:
        rows = find_duplicates(graph, kinds=kinds or ())
    if as_json:
        print_answer(rows)
        return
    shown = [(one.likeness, one.kind, " | ".join(one.names), " ".join(one.keys)) for one in rows]
    show("Possible duplicates", ("likeness", "kind", "names", "ids"), shown)
    say(f"{many(len(rows), 'group')}.")
    say_next("--kinds system leaves only systems")


def search(
    words: Annotated[str, typer.Argument(help="What you remember of it; typing errors are fine.")],
    file: Annotated[
        Path | None, typer.Argument(help="A model file; without it the hub's landscape is asked.")
    ] = None,
    *,
    kinds: Kinds = None,
    limit: Annotated[int, typer.Option(help="Most answers, at most 200.")] = FOUND_DEFAULT,
    as_of: AsOf = None,
    scenario: InScenario = None,
    as_json: AsJson = False,
) -> None:
    """Find elements by name or description, through typing errors and inflections."""
    with asked_landscape(file, as_of, scenario) as graph:
        rows = find(graph, words, kinds=kinds or (), limit=limit)
    if as_json:
        print_answer(rows)
        return
    shown = [(f"{one.score:.2f}", one.kind, one.name, one.key) for one in rows]
    show(f"Found for {words!r}", ("score", "kind", "name", "id"), shown)
    say_next("`townclerk landscape impact --element ID` shows what hangs on one of them")


def completeness(
    file: File = None,
    *,
    reference: Reference = None,
    profile: ProfileName = None,
    below: Annotated[int, typer.Option(help="Only records with a score below this.")] = 101,
    as_of: AsOf = None,
    scenario: InScenario = None,
    as_json: AsJson = False,
) -> None:
    """Score each record from 0 to 100, and say what it lacks."""
    with asked_portfolio(file, reference, profile, as_of, scenario) as found:
        scored = score(found)
    rows = [one for one in scored if one.score < below]
    mean = sum(one.score for one in scored) / len(scored) if scored else 100.0
    if as_json:
        print_answer({"mean": round(mean, 1), "records": rows})
        return
    shown = [(one.score, one.kind, one.name, "; ".join(one.reasons)) for one in rows]
    show("Completeness", ("score", "kind", "name", "missing"), shown)
    say(f"{many(len(scored), 'record')}, {mean:.0f} of 100 on average.")
    say_next("--below 60 leaves the worst")


def flows(as_json: AsJson = False) -> None:
    """Compare what the hub's register declares with what its connectors really saw."""
    from registry.web.flows import compared_flows
    from townclerk.cli.opening import opened_town, unit_of_work

    with opened_town(), unit_of_work() as db:
        rows = compared_flows(db, now=datetime.now(UTC))
    if as_json:
        print_answer(rows)
        return
    shown = [(r.verdict, r.interface, r.source, r.target, r.records, r.reason) for r in rows]
    columns = ("verdict", "interface", "from", "to", "records", "why")
    show("Declared against observed", columns, shown)
    say_next("`townclerk sync status` shows the runs behind it")


def _obligations_of(found: Portfolio, element: str) -> list[Obligation]:
    """Return what one system, or one reference component, has to meet.

    Raises:
        UnknownName: There is no such element.
        InvalidInput: It is neither a system nor a reference component.
    """
    try:
        node = found.own.find(element)
    except UnknownName:
        if found.own is found.reference:
            raise
        return obligations_of(found, _component(found, found.reference.find(element)))
    if node in found.systems:
        return find_obligations(found, system=node)
    if found.own is found.reference:
        return obligations_of(found, _component(found, node))
    return find_obligations(found, system=node)


def _component(found: Portfolio, node: int) -> int:
    if node in found.components:
        return node
    name = found.reference.names[node]
    rows = find(found.reference, name, limit=FOUND_DEFAULT)
    components = {found.reference.keys[one] for one in found.components}
    near = "; ".join([row.name for row in rows if row.key in components][:NAMES_SHOWN_MAX])
    raise InvalidInput(
        f"{name!r} is neither a system nor a reference component, so it has no obligations.",
        remedy=f"Did you mean {near}?" if near else "Name a system or a reference component.",
    )


def _day(said: str | None) -> date:
    if said is None:
        return datetime.now(UTC).date()
    try:
        return date.fromisoformat(said)
    except ValueError as error:
        raise InvalidInput(f"{said!r} is no day.", remedy="Write it as 2026-12-31.") from error


def _few(names: Sequence[str]) -> str:
    """Return names on one line, with how many more there are."""
    more = f" and {len(names) - NAMES_SHOWN_MAX} more" if len(names) > NAMES_SHOWN_MAX else ""
    return ", ".join(names[:NAMES_SHOWN_MAX]) + more


COMMANDS = (
    gaps, impact, obligations, roadmap, suppliers, personal_data, duplicates, search, completeness,
    flows,
)  # fmt: skip


def add_to(app: typer.Typer) -> None:
    """Add the questions to the landscape's commands."""
    for command in COMMANDS:
        app.command(name=command.__name__.replace("_", "-"))(command)
