"""Model versions by GraphQL: which there are, what each would change, approve or reject one.

A full run is compared in memory and takes seconds per 100,000 records. A larger town than
`RECORDS_MAX` asks a worker (registry/api/match_requests.py), or uses the command line.
"""

from typing import Annotated, Any, Final
from uuid import UUID

import psycopg
import strawberry

from registry.access.tokens import Actor
from registry.api.changes import Change, change
from registry.api.context import Context
from registry.api.described import described, told
from registry.api.pages import plain_text
from registry.customers import commands, keeping, versions
from schemas.access import Scope
from schemas.errors import InvalidInput

RECORDS_MAX: Final = 100_000  # about five seconds of one core; a request has ten

Info = strawberry.Info[Context, None]
Version = Annotated[str, strawberry.argument(description="Hash of a kept model, or its beginning.")]
DataSetUrn = Annotated[str, strawberry.argument(description="URN of the data set.")]
KeepsApart = Annotated[
    bool | None,
    strawberry.argument(description="Whether it has nobody twice; null goes back to the rule."),
]
Reason = Annotated[str, strawberry.argument(description="Why, for those who ask later.")]
Settlement = Annotated[strawberry.ID, strawberry.argument(description="As `ownKeys` tells it.")]
ModelVersion: Any = described(versions.ModelVersion, "ModelVersion")
OwnKeys: Any = described(keeping.OwnKeysOf, "OwnKeys")
ModelProposal: Any = described(commands.Proposal, "ModelProposal")


@strawberry.type(description="A model was trained on the records of today, and kept.")
class ModelTrained(Change):
    """A model was trained on the records of today, and kept."""

    proposal: ModelProposal = strawberry.field(description="What it would change.")


@strawberry.type(description="A model version decides from now on.")
class ModelApproved(Change):
    """A model version decides from now on."""

    version: str = strawberry.field(description="Its hash.")
    records: int = strawberry.field(description="Records that were linked anew.")
    links: int = strawberry.field(description="Pairs that are taken for one customer.")
    customers: int = strawberry.field(description="Customers there are now.")
    merges: int = strawberry.field(description="Customers that were joined with others.")
    splits: int = strawberry.field(description="Customers that were parted.")
    unchanged: int = strawberry.field(description="Customers that kept exactly their records.")


@strawberry.type(description="A model version was rejected, and is forgotten.")
class ModelRejected(Change):
    """A model version was rejected, and is forgotten."""

    version: str = strawberry.field(description="Its hash.")


@strawberry.type(description="It was settled whether a data set keeps people apart by its keys.")
class OwnKeysChange(Change):
    """It was settled whether a data set keeps people apart by its keys."""

    data_set: str = strawberry.field(description="URN of the data set.")
    merges: int = strawberry.field(description="Customers that were joined with others by it.")
    splits: int = strawberry.field(description="Customers that were parted by it.")


@strawberry.type(description="Questions about the models that link records.")
class ModelQuestions:
    """Questions about the models that link records."""

    @strawberry.field(
        description="Models that were trained and kept, the newest first.",
        graphql_type=list[ModelVersion],
    )
    async def model_versions(self, info: Info) -> Any:
        """List versions."""
        return told(await info.context.read(Scope.CUSTOMERS_READ, versions.list_versions))

    @strawberry.field(
        description="How each data set keeps its own records, and whether two keys are two people.",
        graphql_type=list[OwnKeys],
    )
    async def own_keys(self, info: Info) -> Any:
        """Tell how data sets keep their records."""
        return told(await info.context.read(Scope.CUSTOMERS_READ, keeping.list_own_keys))

    @strawberry.field(
        description="What a kept model would make of the customers of today; nothing changes.",
        graphql_type=ModelProposal,
    )
    async def model_proposal(self, info: Info, version: Version) -> Any:
        """Compare a version with the live one."""

        def compare(db: psycopg.Connection) -> commands.Proposal:
            model = versions.find_model(db, plain_text(version, "version"))
            _small_enough(db, "askModelComparison")
            return commands.propose(db, version=model.content_hash)

        return told(await info.context.read(Scope.CUSTOMERS_READ, compare))


def _train_model(db: psycopg.Connection) -> ModelTrained:
    _small_enough(db, "askModelTraining")
    return ModelTrained(proposal=told(commands.propose(db)))


def _approve_model(db: psycopg.Connection, version: Version) -> ModelApproved:
    model = versions.find_model(db, plain_text(version, "version"))
    _small_enough(db, "askModelApproval")
    done = commands.rematch(db, version=model.content_hash)
    found = done.change or commands.ModelChange(0, 0, 0)
    return ModelApproved(
        version=done.model or model.content_hash,
        records=done.records,
        links=done.links,
        customers=done.customers,
        merges=found.merges,
        splits=found.splits,
        unchanged=found.unchanged,
    )


def _reject_model(db: psycopg.Connection, version: Version) -> ModelRejected:
    return ModelRejected(version=versions.reject_version(db, plain_text(version, "version")))


def _settle_own_keys(
    db: psycopg.Connection,
    data_set: DataSetUrn,
    *,
    keeps_apart: KeepsApart = None,
    reason: Reason,
    actor: Actor,
) -> OwnKeysChange:
    urn = plain_text(data_set, "dataSet")
    _small_enough(db, "askOwnKeys")
    report = keeping.settle_own_keys(
        db, urn, keeps_apart=keeps_apart, reason=plain_text(reason, "reason"), actor=actor.name
    )
    return _keys_changed(urn, report)


def _undo_own_keys(
    db: psycopg.Connection,
    change: Settlement,
    actor: Actor,
) -> OwnKeysChange:
    key = settlement(change)
    _small_enough(db, "askUndoOfOwnKeys")
    _, urn = keeping.undoable_change(db, key)
    return _keys_changed(urn, keeping.undo_own_keys(db, key, actor=actor.name))


def settlement(text: str) -> UUID:
    """Return the id of a settlement of own keys."""
    try:
        return UUID(text)
    except ValueError as error:
        raise InvalidInput("This is no id of a settlement.", path=["change"]) from error


def _keys_changed(urn: str, report: commands.MatchReport | None) -> OwnKeysChange:
    found = (report.change if report else None) or commands.ModelChange(0, 0, 0)
    return OwnKeysChange(data_set=urn, merges=found.merges, splits=found.splits)


def _small_enough(db: psycopg.Connection, instead: str) -> None:
    """Refuse a town that a request cannot match, and name the change that asks a worker."""
    row = db.execute(
        "SELECT count(*) FROM (SELECT FROM clean_record LIMIT %s) few", (RECORDS_MAX + 1,)
    ).fetchone()
    if row is not None and row[0] > RECORDS_MAX:
        raise InvalidInput(
            f"There are more than {RECORDS_MAX:,} records; matching them outlasts a request.",
            remedy=f"Let a worker do it: ask with `{instead}`, and see how far it is with"
            " `matchRequests`.",
        )


@strawberry.type
class ModelMutation:
    """Changes of the models that link records."""

    train_model = change(
        _train_model,
        Scope.CUSTOMERS_STEWARD,
        "Train a model on the records of today beside the live one; no customer changes.",
    )
    approve_model = change(
        _approve_model,
        Scope.CUSTOMERS_STEWARD,
        "Put a kept model in force and link all records anew; customers keep their ids.",
    )
    settle_own_keys = change(
        _settle_own_keys,
        Scope.CUSTOMERS_STEWARD,
        "Settle whether a data set has anybody twice; all records are matched by it at once.",
    )
    undo_own_keys = change(
        _undo_own_keys,
        Scope.CUSTOMERS_STEWARD,
        "Take back how own keys were settled last; what stood before holds again.",
    )
    reject_model = change(
        _reject_model,
        Scope.CUSTOMERS_STEWARD,
        "Forget a kept model; one that decides, or decided sampled links, stays.",
    )
