"""Pages for auditors: how all interfaces stand, and one with findings, waivers, trend, evidence.

Each is one transaction and one template; every choice is part of the address.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from http import HTTPStatus
from urllib.parse import quote

import anyio.to_thread
import psycopg
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from registry import intake
from registry.compliance import queries, standing, trends
from registry.compliance.probe import may_be_probed, refuse_unless_allowed
from registry.compliance.standing import Line, Named
from registry.storage.database import unit_of_work
from registry.web import pages
from registry.web.draw.trend import draw_trend
from schemas.access import Scope
from schemas.compliance import CheckedDocument, Judged, Severity, Standing
from schemas.errors import AccessDenied, TownclerkError, UnknownName
from schemas.looks import LookKind

FINDINGS_MAX = 200  # of one page; a report has them all
CHECKS_MAX = 20
PROBES_MAX = 5
_QUERY = (
    '{ interfaceChecks(filter: {interfaceUrn: {eq: "%s"}}) '
    "{ nodes { number score checkedAt actor documentSha256 findingsSha256 hash } } }"
)


@dataclass(frozen=True)
class Overview:
    """All interfaces and what somebody should look at."""

    lines: list[Line]
    trend: Markup
    ending: list[queries.WaiverRow]
    proposed: int

    @property
    def tiles(self) -> list[tuple[str, str]]:
        """Words and numbers for the top of the page."""
        scores = [line.score for line in self.lines if line.score is not None]
        mean = f"{sum(scores) / len(scores):.0f}" if scores else "—"
        return [
            ("interfaces", f"{len(self.lines):,}"),
            ("mean score", mean),
            ("with errors", f"{sum(line.errors > 0 for line in self.lines):,}"),
            ("never checked", f"{sum(line.checked_at is None for line in self.lines):,}"),
            ("waivers to approve", f"{self.proposed:,}"),
        ]


@dataclass(frozen=True)
class Shown:
    """One interface."""

    interface: Named
    checks: list[queries.CheckRow]
    last: queries.CheckRow | None
    today: CheckedDocument | None
    waivers: list[queries.WaiverRow]
    trend: Markup
    probes: list[intake.looks.Outcome]
    may_be_probed: bool


def routes() -> list[BaseRoute]:
    """Return the pages."""
    return [
        Route("/interfaces", interfaces),
        Route("/interfaces/{urn:path}", interface),
        Route("/interfaces/{urn:path}", ask_for_probe, methods=["POST"]),
    ]


def interface_address(urn: str) -> str:
    """Return the address of an interface's page."""
    return "/interfaces/" + quote(urn, safe=":")


async def interfaces(request: Request) -> Response:
    """Show how all interfaces stand, the worst first."""
    overview = await pages.ask(lambda db: _overview(db, _today()))
    return pages.page(
        request, "interfaces.html", "interfaces", overview=overview, address=interface_address
    )


def _overview(db: psycopg.Connection, today: date) -> Overview:
    waivers = queries.list_waivers(db, today)
    last: dict[str, float] = {}  # what each interface had when the day ended
    days: dict[date, float] = {}
    for row in trends.scores(db, trends.Grouping.INTERFACE):
        last[row.group] = row.score
        days[row.day] = sum(last.values()) / len(last)
    points = sorted(days.items())
    return Overview(
        standing.lines(db),
        _picture(points, "Mean score of all checked interfaces"),
        standing.ending_soon(waivers, today),
        sum(row.state == "proposed" for row in waivers),
    )


async def interface(request: Request) -> Response:
    """Show one interface: what is open, waived and known, how it moved, and the evidence."""
    urn = request.path_params["urn"]
    wished = request.query_params.get("show", Standing.OPEN)
    kind = Standing(wished) if wished in set(Standing) else Standing.OPEN
    rule = request.query_params.get("rule", "")
    try:
        shown = await pages.ask(lambda db: _one(db, urn, _today()))
    except UnknownName as error:
        return pages.trouble(request, error, HTTPStatus.NOT_FOUND)
    judged = shown.today.judged if shown.today is not None else ()
    chosen = _chosen(judged, kind, rule)
    rules = standing.by_rule(shown.today, kind) if shown.today is not None else []
    return pages.page(
        request, "interface.html", "interfaces", shown=shown, address=interface_address(urn),
        kind=kind, rule=rule, rules=rules, findings=chosen[:FINDINGS_MAX],
        more=len(chosen) - FINDINGS_MAX, counts=_counts(judged), Severity=Severity,
        query=_QUERY % urn.replace("\\", "").replace('"', ""),
        may_ask=shown.may_be_probed and request.state.actor.may(Scope.COMPLIANCE_WRITE),
    )  # fmt: skip


async def ask_for_probe(request: Request) -> Response:
    """Ask a worker to probe the interface, and show its page again."""
    urn = request.path_params["urn"]
    actor = request.state.actor

    def ask() -> None:
        actor.demand(Scope.COMPLIANCE_WRITE)
        with unit_of_work() as db:
            refuse_unless_allowed(urn, queries.newest_document(db, urn).attrs)
            intake.looks.ask(db, urn, LookKind.PROBE, by=actor.name)

    try:
        await anyio.to_thread.run_sync(ask)
    except UnknownName as error:
        return pages.trouble(request, error, HTTPStatus.NOT_FOUND)
    except AccessDenied as error:
        return pages.trouble(request, error, HTTPStatus.FORBIDDEN)
    except TownclerkError as error:
        return pages.trouble(request, error, HTTPStatus.BAD_REQUEST)
    return RedirectResponse(f"{interface_address(urn)}#probes", HTTPStatus.SEE_OTHER)


def _one(db: psycopg.Connection, urn: str, today: date) -> Shown:
    found = standing.named(db, urn)
    checks = queries.list_checks(db, urn, limit=CHECKS_MAX)
    newest = queries.newest_check(db, urn)
    stands = standing.as_it_stands(db, found, newest, today) if newest else None
    waivers = [row for row in queries.list_waivers(db, today) if row.interface in {None, urn}]
    points = [
        (row.day, row.score)
        for row in trends.scores(db, trends.Grouping.INTERFACE) if row.group == urn
    ]  # fmt: skip
    picture = _picture(points, f"Score of {found.name}")
    # A probe looks whether what runs is what the document says, so there must be one.
    may_probe = may_be_probed(found.attrs) and bool(queries.documents_of(db, urn))
    probes = intake.looks.newest(db, urn, LookKind.PROBE, limit=PROBES_MAX)
    return Shown(found, checks, newest, stands, waivers, picture, probes, may_probe)


def _chosen(judged: tuple[Judged, ...], kind: Standing, rule: str) -> list[Judged]:
    """Return the findings of one standing, worst first, of one rule where one is asked for."""
    found = [
        each for each in judged
        if each.standing is kind and (not rule or each.finding.code == rule)
    ]  # fmt: skip
    return sorted(found, key=lambda each: each.finding.severity)


def _counts(judged: tuple[Judged, ...]) -> list[tuple[Standing, int]]:
    return [(kind, sum(each.standing is kind for each in judged)) for kind in Standing]


def _picture(points: list[tuple[date, float]], title: str) -> Markup:
    return Markup(draw_trend(points, title))  # noqa: S704  # its words are escaped


def _today() -> date:
    return datetime.now(UTC).astimezone().date()  # waivers end on civil days
