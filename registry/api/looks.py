"""Looks at what runs, asked of a worker: probe an interface, try a connector on one page.

This process speaks to no other machine, so both write a request down and answer its id; `node`
tells what came of it. Records of a trial are shown to who asked for it, for the purpose that was
named then, and for a quarter of an hour.
"""

from typing import Annotated, Any, Final

import psycopg
import strawberry
from strawberry.scalars import JSON

from connectors.sdk.load import load_connector_file, parse_connector_file
from connectors.sdk.spec import ConnectorFile
from connectors.sdk.strict import nearest
from registry import intake, landscape
from registry.access.tokens import Actor
from registry.api.changes import Change, change
from registry.api.context import Context
from registry.api.intake import checked_file
from registry.api.pages import global_id, plain_text, read_global_id
from registry.compliance import queries
from registry.compliance.probe import refuse_unless_allowed
from registry.customers.asking.purposes import open_sight
from registry.customers.asking.reads import note_read
from registry.intake.looks import VALUES_MINUTES, Samples
from registry.storage.guarding import PURPOSE_SQL
from schemas.access import Scope
from schemas.errors import AccessDenied, InvalidInput, UnknownName
from schemas.looks import LookKind

SHOWN_MAX: Final = 5  # records of a stream; more fit on no screen

Info = strawberry.Info[Context, None]


@strawberry.type(description="A worker was asked to look at a running interface.")
class ProbeAsked(Change):
    """A worker was asked to look at a running interface."""

    probe: strawberry.ID = strawberry.field(description="Id of the probe, for `node(id:)`.")


@strawberry.type(description="A worker was asked to read one page of each stream.")
class TrialAsked(Change):
    """A worker was asked to read one page of each stream."""

    trial: strawberry.ID = strawberry.field(
        description="Id of the trial, for `node(id:)` and `trialRecords`."
    )
    streams: list[str] = strawberry.field(description="The streams that are tried.")


@strawberry.type(description="A record of a trial: as it came, and what the mapping makes of it.")
class TrialRecord:
    """A record of a trial: as it came, and what the mapping makes of it."""

    raw: JSON = strawberry.field(description="As it came; what the purpose hides is ***.")
    mapped: JSON = strawberry.field(description="What becomes of it; the same masks.")


@strawberry.type(description="Records that would go to quarantine for one reason.")
class TrialRefusal:
    """Records that would go to quarantine for one reason."""

    rule: str = strawberry.field(description="Rule they break.")
    path: str = strawberry.field(description="Where in the raw record.")
    raw: list[JSON] = strawberry.field(description="Some of them, as they came; masked.")


@strawberry.type(description="What a trial read of one stream, as far as the purpose shows it.")
class TrialStream:
    """What a trial read of one stream, as far as the purpose shows it."""

    stream: str = strawberry.field(description="Its name.")
    records: list[TrialRecord] = strawberry.field(description="Usable records, raw beside mapped.")
    refused: list[TrialRefusal] = strawberry.field(description="Records that cannot be used.")


def _probe_interface(
    db: psycopg.Connection,
    urn: Annotated[
        str, strawberry.argument(description="Its URN; `probe: true` must be registered.")
    ],
    actor: Actor,
) -> ProbeAsked:
    wished = plain_text(urn, "urn")
    refuse_unless_allowed(wished, queries.newest_document(db, wished).attrs)
    made = intake.looks.ask(db, wished, LookKind.PROBE, by=actor.name)
    return ProbeAsked(probe=strawberry.ID(global_id("interface_probe", made)))


def _try_connector(  # noqa: PLR0917  # arguments of a mutation, all by name
    db: psycopg.Connection,
    actor: Actor,
    source: Annotated[
        str | None, strawberry.argument(description="Key of a registered source.")
    ] = None,
    file: Annotated[
        str | None,
        strawberry.argument(
            description="Or a connector file that is not registered, as YAML; its `interface` is."
        ),
    ] = None,
    streams: Annotated[
        list[str] | None, strawberry.argument(description="Only these streams.")
    ] = None,
    records: Annotated[
        int, strawberry.argument(description="Records to show of each, 5 at most.")
    ] = 2,
) -> TrialAsked:
    if not 0 <= records <= SHOWN_MAX:
        raise InvalidInput(f"Show 0 to {SHOWN_MAX} records.", path=["records"])
    urn, spec = _connector(db, source, file)
    names = list(dict.fromkeys(streams or spec["streams"]))
    for name in names:
        if name not in spec["streams"]:
            raise UnknownName(
                f"{spec['connector']} has no stream `{name}`; {nearest(name, spec['streams'])}",
                path=["streams"],
            )
    given = {
        "spec": spec,
        "streams": names,
        "shown": records,
        "purpose": _named_purpose(db, actor),
    }
    made = intake.looks.ask(db, urn, LookKind.TRIAL, by=actor.name, given=given)
    return TrialAsked(trial=strawberry.ID(global_id("connector_trial", made)), streams=names)


def _connector(
    db: psycopg.Connection, source: str | None, file: str | None
) -> tuple[str, dict[str, Any]]:
    """Return the interface and the connector file that is to be tried.

    Raises:
        InvalidInput: Both or neither are given, or the file names no interface.
    """
    if (source is None) == (file is None):
        raise InvalidInput("Give either `source` or `file`.", path=["source"])
    if source is not None:
        found = intake.queries.find_source(db, plain_text(source, "source"))
        (interface,) = landscape.queries.elements_by_id(db, [found.interface_id])
        return interface.urn, _plain(parse_connector_file(found.spec, name=found.key))
    spec = load_connector_file(checked_file(file or ""), name="file")
    if spec.interface is None:
        raise InvalidInput(
            "The connector file names no `interface`, and only a registered one is ever read.",
            remedy="Write the URN of the interface into the file, or try the file with "
            "`townclerk connector try FILE --address URL`.",
            path=["file"],
        )
    return spec.interface, _plain(spec)


def _plain(spec: ConnectorFile) -> dict[str, Any]:
    plain: dict[str, Any] = spec.model_dump(mode="json", exclude_none=True)
    return plain


def _named_purpose(db: psycopg.Connection, actor: Actor) -> str | None:
    """Return the purpose that the request names, once it is clear that it may be.

    Raises:
        AccessDenied: A purpose is named by who may not see customers.
        UnknownName: There is no such purpose.
    """
    row = db.execute(f"SELECT {PURPOSE_SQL}").fetchone()  # a constant of ours
    if not row or not row[0]:
        return None
    actor.demand(Scope.CUSTOMERS_READ)
    return open_sight(db, row[0], actor=actor.name).purpose


def _shown(db: psycopg.Connection, trial: str, purpose: str, actor: Actor) -> list[TrialStream]:
    sight = open_sight(db, purpose, actor=actor.name)
    kind, key = read_global_id(trial)
    if kind != "connector_trial":
        raise InvalidInput("This global id is not one of a trial.", path=["trial"])
    found: Samples = intake.looks.samples_of(db, key)
    if (found.asked_by, found.purpose) != (actor.name, sight.purpose):
        raise AccessDenied(
            "Records of a trial are shown to who asked for it, for the purpose named then.",
            remedy="Ask for a trial of your own with `tryConnector`.",
        )
    note_read(sight, "trial_records", ())
    return [_stream(name, told) for name, told in found.streams.items()]


def _stream(name: str, told: dict[str, Any]) -> TrialStream:
    return TrialStream(
        stream=name,
        records=[TrialRecord(raw=one["raw"], mapped=one["mapped"]) for one in told["records"]],
        refused=[
            TrialRefusal(rule=one["rule"], path=one["path"], raw=one["records"])
            for one in told["refused"]
        ],
    )


@strawberry.type
class LookMutation:
    """Looks at what runs."""

    probe_interface = change(
        _probe_interface,
        Scope.COMPLIANCE_WRITE,
        "Ask a worker to look at the running interface, read-only; it writes the evidence.",
    )
    try_connector = change(
        _try_connector,
        Scope.SYNC_RUN,
        "Ask a worker to read one page of each stream live, before anything is stored. With a "
        "purpose in the header Townclerk-Purpose, `trialRecords` shows records, too.",
    )


@strawberry.type(description="What trials of connectors have read.")
class TrialQuestions:
    """What trials of connectors have read."""

    @strawberry.field(
        description="Records of a trial, raw beside mapped, for who asked for it. Needs the same "
        f"purpose as the trial; they are kept for {VALUES_MINUTES} minutes."
    )
    async def trial_records(
        self,
        info: Info,
        trial: Annotated[
            strawberry.ID, strawberry.argument(description="Id that `tryConnector` answered.")
        ],
    ) -> list[TrialStream]:
        """Show the records of a trial."""
        context = info.context
        found: list[TrialStream] = await context.read(
            Scope.CUSTOMERS_READ, _shown, trial, context.purpose, context.actor
        )
        return found
