"""Create history: models and views in whole, the past of everything, change-sets and scenarios.

It only adds, and lifts three rules that whole models break: a relationship may reach another
relationship, itself, or stand twice between the same ends. Triggers keep the past of four tables,
so that no way of writing goes around it; `<table>_at(as_of, scenario)` reads it, and is a plain
SELECT that the planner merges with the question it stands in.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ELEMENT = (
    "id, urn, kind, name, description, attrs, revision, created_at, changed_at, model_id, detail, "
    "valid_from, change_set_id"
)
RELATIONSHIP = (
    "id, kind, source_id, target_id, attrs, created_at, source_relationship_id, "
    "target_relationship_id, name, description, model_id, detail, revision, changed_at, "
    "valid_from, change_set_id"
)
STORED_VIEW = (
    "id, model_id, kind, name, description, viewpoint, attrs, shows, detail, revision, created_at, "
    "changed_at, valid_from, change_set_id"
)
ARCHITECTURE_MODEL = (
    "id, key, name, strictness, detail, revision, created_at, changed_at, valid_from, change_set_id"
)
TABLES = {
    "element": ELEMENT,
    "relationship": RELATIONSHIP,
    "stored_view": STORED_VIEW,
    "architecture_model": ARCHITECTURE_MODEL,
}


def upgrade() -> None:
    create_architecture_model()
    widen_element()
    widen_relationship()
    create_stored_view()
    create_scenario()
    create_change_set()
    create_change()
    create_scenario_change()
    create_model_release()
    create_alias()
    create_work_item()
    create_element_history()
    create_relationship_history()
    create_stored_view_history()
    create_architecture_model_history()
    keep_the_past()
    answer_for_any_time()


def widen_element() -> None:
    for added in (
        uuid(
            "model_id",
            "The model it belongs to; none for what we registered ourselves.",
            nullable=True,
        ),
        json_object("detail", "What the model's file says, word for word.", nullable=True),
        moment("valid_from", "Since when this holds in the world.", default="now()"),
        uuid("change_set_id", "The change-set that made it so.", nullable=True),
    ):
        op.add_column("element", added)
    op.create_foreign_key(
        "fk_element_model_id", "element", "architecture_model", ["model_id"], ["id"]
    )
    where_there("element", "model_id")
    where_there("element", "change_set_id")


def widen_relationship() -> None:
    for added in (
        uuid(
            "source_relationship_id",
            "The relationship it leaves, where its source is no element.",
            nullable=True,
        ),
        uuid(
            "target_relationship_id",
            "The relationship it reaches, where its target is no element.",
            nullable=True,
        ),
        words("name", "Name, often none.", default=""),
        words("description", "What it means here.", default=""),
        uuid(
            "model_id",
            "The model it belongs to; none for what we registered ourselves.",
            nullable=True,
        ),
        json_object("detail", "What the model's file says, word for word.", nullable=True),
        number("revision", "Counts changes; a writer states the one it saw.", default="1"),
        moment("changed_at", "When it was last changed.", default="now()"),
        moment("valid_from", "Since when this holds in the world.", default="now()"),
        uuid("change_set_id", "The change-set that made it so.", nullable=True),
    ):
        op.add_column("relationship", added)
    op.drop_constraint(op.f("ck_relationship_ends_differ"), "relationship")
    op.drop_constraint("uq_relationship_kind_source_id_target_id", "relationship")
    for end in ("source", "target"):
        op.execute(f"ALTER TABLE relationship ALTER COLUMN {end}_id DROP NOT NULL")
        op.create_check_constraint(
            op.f(f"ck_relationship_one_{end}"),
            "relationship",
            f"num_nonnulls({end}_id, {end}_relationship_id) = 1",
        )
        op.create_foreign_key(
            f"fk_relationship_{end}_relationship_id",
            "relationship",
            "relationship",
            [f"{end}_relationship_id"],
            ["id"],
            ondelete="CASCADE",
        )
        where_there("relationship", f"{end}_relationship_id")
    op.create_check_constraint(
        op.f("ck_relationship_revision_positive"), "relationship", "revision > 0"
    )
    op.create_foreign_key(
        "fk_relationship_model_id", "relationship", "architecture_model", ["model_id"], ["id"]
    )
    where_there("relationship", "model_id")
    where_there("relationship", "change_set_id")
    op.create_index(
        "uq_relationship_own_ends",
        "relationship",
        ["kind", "source_id", "target_id"],
        unique=True,
        postgresql_where=sa.text("model_id IS NULL"),
    )


def create_architecture_model() -> None:
    op.create_table(
        "architecture_model",
        uuid("id", "Identity; never reused."),
        words("key", "Short name people type.", length=60),
        words("name", "Name as people say it.", length=300),
        text("strictness", "What forbidden relationships meet: strict, warn, off."),
        json_object("detail", "What its file says beyond elements, lines and views."),
        number("revision", "Counts changes; a writer states the one it saw."),
        moment("created_at", "When it was registered."),
        moment("changed_at", "When it was last changed."),
        moment("valid_from", "Since when this holds in the world.", default="now()"),
        uuid("change_set_id", "The change-set that made it so.", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_architecture_model"),
        sa.CheckConstraint("revision > 0", name=op.f("ck_architecture_model_revision_positive")),
        sa.UniqueConstraint("key", name="uq_architecture_model_key"),
        comment="One architecture model taken in as a whole: a reference architecture or our own.",
    )


def create_stored_view() -> None:
    op.create_table(
        "stored_view",
        uuid("id", "Identity; never reused."),
        uuid("model_id", None),
        text("kind", "archimate, sketch or canvas."),
        words("name", "Name as people say it.", length=300),
        words("description", "What it shows."),
        words("viewpoint", "ArchiMate viewpoint, if any.", nullable=True),
        json_object("attrs", "Properties of the view."),
        uuids("shows", "Elements it shows."),
        json_object("detail", "Nodes, connections and styles; see exchange/model.py."),
        number("revision", "Counts changes; a writer states the one it saw."),
        moment("created_at", "When it was registered."),
        moment("changed_at", "When it was last changed."),
        moment("valid_from", "Since when this holds in the world.", default="now()"),
        uuid("change_set_id", "The change-set that made it so.", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_stored_view"),
        sa.CheckConstraint("revision > 0", name=op.f("ck_stored_view_revision_positive")),
        points_to("model_id", "architecture_model.id", name="fk_stored_view_model_id"),
        comment="One drawing of a model: boxes, lines and their looks, as data.",
    )
    where_there("stored_view", "change_set_id")
    op.create_index("ix_stored_view_model_id", "stored_view", ["model_id"])
    op.create_index("ix_stored_view_shows", "stored_view", ["shows"], postgresql_using="gin")


def create_scenario() -> None:
    op.create_table(
        "scenario",
        uuid("id", "Identity; never reused."),
        words("key", "Short name people type.", length=60),
        words("name", "Name as people say it.", length=300),
        words("description", "What it is for."),
        words("created_by", "Who opened it.", length=120),
        moment("created_at", "When it was opened."),
        moment("merged_at", "When it became the base.", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_scenario"),
        sa.UniqueConstraint("key", name="uq_scenario_key"),
        comment="A landscape as it might become: change-sets over the base.",
    )


def create_change_set() -> None:
    op.create_table(
        "change_set",
        uuid("id", "Identity; never reused."),
        text("purpose", "edit, table, release, scenario or undo."),
        words("reason", "Why, in the proposer's words."),
        words("proposer", "Who proposed it.", length=120),
        words("reviewer", "Who decided about it.", length=120, nullable=True),
        text("state", "Where it stands."),
        uuid("scenario_id", "Seen only in it, if any.", nullable=True),
        uuid("undoes_id", "What it takes back.", nullable=True),
        json_object("counts", "How many objects it adds, changes and removes."),
        moment("created_at", "When it was proposed."),
        moment("decided_at", "When it was decided.", nullable=True),
        moment(
            "valid_from",
            "Since when it holds in the world; none means since it was applied.",
            nullable=True,
        ),
        sa.PrimaryKeyConstraint("id", name="pk_change_set"),
        points_to("scenario_id", "scenario.id", name="fk_change_set_scenario_id"),
        points_to("undoes_id", "change_set.id", name="fk_change_set_undoes_id"),
        comment="Changes that belong together: who proposed them, who approved them, and why.",
    )
    op.create_index("ix_change_set_scenario_id", "change_set", ["scenario_id"])
    op.create_index("ix_change_set_undoes_id", "change_set", ["undoes_id"])


def create_change() -> None:
    op.create_table(
        "change",
        uuid("change_set_id", None),
        number("position", "Order within the change-set, from 0."),
        text("table_name", "element or relationship."),
        uuid("object_id", "The object; its own id also when it is still to be made."),
        text("action", "add, change or remove."),
        json_object("fields", "By field: the value before and the value after."),
        sa.PrimaryKeyConstraint("change_set_id", "position", name="pk_change"),
        points_to(
            "change_set_id", "change_set.id", name="fk_change_change_set_id", ondelete="CASCADE"
        ),
        comment="One change of a change-set to one object, field by field.",
    )
    op.create_index("ix_change_object_id", "change", ["object_id"])


def create_scenario_change() -> None:
    op.create_table(
        "scenario_change",
        uuid("scenario_id", None),
        uuid("object_id", "The object."),
        text("table_name", "element or relationship."),
        text("action", "add, change or remove."),
        json_object("patch", "New values by column; for add, the whole row."),
        json_object("attrs", "New values by attribute."),
        texts("unset", "Attributes taken away."),
        json_object("fields", "By field: the base's value when it was first changed."),
        sa.PrimaryKeyConstraint("scenario_id", "object_id", name="pk_scenario_change"),
        points_to(
            "scenario_id", "scenario.id", name="fk_scenario_change_scenario_id", ondelete="CASCADE"
        ),
        comment="What a scenario makes of one object, all its change-sets taken together.",
    )
    op.create_index("ix_scenario_change_object_id", "scenario_change", ["object_id"])


def create_model_release() -> None:
    op.create_table(
        "model_release",
        uuid("id", "Identity; never reused."),
        uuid("model_id", None),
        words("name", "As people call it, e.g. 2026-06-30.", length=120),
        words("file", "Name of the file it came in.", length=300),
        binary("file_hash", "sha256 of the file."),
        uuid("change_set_id", None),
        json_object("counts", "Kept, moved, changed, removed, ambiguous and more."),
        moment("applied_at", "When it was applied."),
        moment("rolled_back_at", "When it was taken back.", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_model_release"),
        points_to("change_set_id", "change_set.id", name="fk_model_release_change_set_id"),
        points_to("model_id", "architecture_model.id", name="fk_model_release_model_id"),
        comment="One release of a model as it was taken in.",
    )
    op.create_index("ix_model_release_change_set_id", "model_release", ["change_set_id"])
    op.create_index("ix_model_release_model_id", "model_release", ["model_id"])


def create_alias() -> None:
    op.create_table(
        "alias",
        uuid("model_id", None),
        text("scheme", "exchange, object or name."),
        words("value", "The name in that scheme."),
        uuid("object_id", "The element, relationship or view."),
        text("table_name", "element, relationship or stored_view."),
        sa.PrimaryKeyConstraint("model_id", "scheme", "value", "object_id", name="pk_alias"),
        points_to("model_id", "architecture_model.id", name="fk_alias_model_id"),
        comment="One name under which files know an object: exchange id, Object ID, kind and name.",
    )
    op.create_index("ix_alias_object_id", "alias", ["object_id"])


def create_work_item() -> None:
    op.create_table(
        "work_item",
        uuid("id", "Identity; never reused."),
        uuid("release_id", None),
        uuid("gone_id", "The element the release removed; kept until this is done."),
        words("gone_name", "Its name.", length=300),
        uuid("relationship_id", "Our relationship to it."),
        uuid("own_id", "Our element at the other end."),
        uuid("suggested_id", "What may take its place, if anything.", nullable=True),
        moment("created_at", "When it came up."),
        moment("done_at", "When it was settled.", nullable=True),
        text("outcome", "mapped, kept or dropped.", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_work_item"),
        points_to("release_id", "model_release.id", name="fk_work_item_release_id"),
        comment="Something a release left to the architect: one of ours hangs on what is gone.",
    )
    op.create_index("ix_work_item_release_id", "work_item", ["release_id"])


def create_element_history() -> None:
    op.create_table(
        "element_history",
        sa.Column(
            "version_id", sa.BigInteger, sa.Identity(always=True), nullable=False, comment="Order."
        ),
        uuid("id", "Identity; never reused."),
        words("urn", "Stable name in files and connector specifications.", length=200),
        text("kind", "What it is; see ElementKind."),
        words("name", "Name as people say it.", length=300),
        words("description", "What it is for, in plain words."),
        json_object("attrs", "Properties that only this kind has, e.g. base_url."),
        number("revision", "Counts changes; a writer states the one it saw."),
        moment("created_at", "When it was registered."),
        moment("changed_at", "When it was last changed."),
        uuid(
            "model_id",
            "The model it belongs to; none for what we registered ourselves.",
            nullable=True,
        ),
        json_object("detail", "What the model's file says, word for word.", nullable=True),
        moment("valid_from", "Since when this holds in the world."),
        uuid("change_set_id", "The change-set that made it so.", nullable=True),
        moment("valid_to", "Until when this held in the world."),
        moment("recorded_to", "When we learnt that it no longer did."),
        uuid("ended_by", "The change-set that ended it.", nullable=True),
        moment("withdrawn_at", "When we learnt that it never held so.", nullable=True),
        sa.PrimaryKeyConstraint("version_id", name="pk_element_history"),
        comment="The past of element: versions that no longer hold.",
    )
    where_there("element_history", "ended_by")
    op.create_index("ix_element_history_id_valid_from", "element_history", ["id", "valid_from"])


def create_relationship_history() -> None:
    op.create_table(
        "relationship_history",
        sa.Column(
            "version_id", sa.BigInteger, sa.Identity(always=True), nullable=False, comment="Order."
        ),
        uuid("id", "Identity; never reused."),
        text("kind", "ArchiMate 3.2 relationship."),
        uuid("source_id", None, nullable=True),
        uuid("target_id", None, nullable=True),
        json_object("attrs", "Properties of the relationship."),
        moment("created_at", "When it was registered."),
        uuid(
            "source_relationship_id",
            "The relationship it leaves, where its source is no element.",
            nullable=True,
        ),
        uuid(
            "target_relationship_id",
            "The relationship it reaches, where its target is no element.",
            nullable=True,
        ),
        words("name", "Name, often none."),
        words("description", "What it means here."),
        uuid(
            "model_id",
            "The model it belongs to; none for what we registered ourselves.",
            nullable=True,
        ),
        json_object("detail", "What the model's file says, word for word.", nullable=True),
        number("revision", "Counts changes; a writer states the one it saw."),
        moment("changed_at", "When it was last changed."),
        moment("valid_from", "Since when this holds in the world."),
        uuid("change_set_id", "The change-set that made it so.", nullable=True),
        moment("valid_to", "Until when this held in the world."),
        moment("recorded_to", "When we learnt that it no longer did."),
        uuid("ended_by", "The change-set that ended it.", nullable=True),
        moment("withdrawn_at", "When we learnt that it never held so.", nullable=True),
        sa.PrimaryKeyConstraint("version_id", name="pk_relationship_history"),
        comment="The past of relationship: versions that no longer hold.",
    )
    where_there("relationship_history", "ended_by")
    op.create_index(
        "ix_relationship_history_id_valid_from", "relationship_history", ["id", "valid_from"]
    )
    op.create_index("ix_relationship_history_source_id", "relationship_history", ["source_id"])
    op.create_index("ix_relationship_history_target_id", "relationship_history", ["target_id"])


def create_stored_view_history() -> None:
    op.create_table(
        "stored_view_history",
        sa.Column(
            "version_id", sa.BigInteger, sa.Identity(always=True), nullable=False, comment="Order."
        ),
        uuid("id", "Identity; never reused."),
        uuid("model_id", None),
        text("kind", "archimate, sketch or canvas."),
        words("name", "Name as people say it.", length=300),
        words("description", "What it shows."),
        words("viewpoint", "ArchiMate viewpoint, if any.", nullable=True),
        json_object("attrs", "Properties of the view."),
        uuids("shows", "Elements it shows."),
        json_object("detail", "Nodes, connections and styles; see exchange/model.py."),
        number("revision", "Counts changes; a writer states the one it saw."),
        moment("created_at", "When it was registered."),
        moment("changed_at", "When it was last changed."),
        moment("valid_from", "Since when this holds in the world."),
        uuid("change_set_id", "The change-set that made it so.", nullable=True),
        moment("valid_to", "Until when this held in the world."),
        moment("recorded_to", "When we learnt that it no longer did."),
        uuid("ended_by", "The change-set that ended it.", nullable=True),
        moment("withdrawn_at", "When we learnt that it never held so.", nullable=True),
        sa.PrimaryKeyConstraint("version_id", name="pk_stored_view_history"),
        comment="The past of stored_view: versions that no longer hold.",
    )
    where_there("stored_view_history", "ended_by")
    op.create_index(
        "ix_stored_view_history_id_valid_from", "stored_view_history", ["id", "valid_from"]
    )


def create_architecture_model_history() -> None:
    op.create_table(
        "architecture_model_history",
        sa.Column(
            "version_id", sa.BigInteger, sa.Identity(always=True), nullable=False, comment="Order."
        ),
        uuid("id", "Identity; never reused."),
        words("key", "Short name people type.", length=60),
        words("name", "Name as people say it.", length=300),
        text("strictness", "What forbidden relationships meet: strict, warn, off."),
        json_object("detail", "What its file says beyond elements, lines and views."),
        number("revision", "Counts changes; a writer states the one it saw."),
        moment("created_at", "When it was registered."),
        moment("changed_at", "When it was last changed."),
        moment("valid_from", "Since when this holds in the world."),
        uuid("change_set_id", "The change-set that made it so.", nullable=True),
        moment("valid_to", "Until when this held in the world."),
        moment("recorded_to", "When we learnt that it no longer did."),
        uuid("ended_by", "The change-set that ended it.", nullable=True),
        moment("withdrawn_at", "When we learnt that it never held so.", nullable=True),
        sa.PrimaryKeyConstraint("version_id", name="pk_architecture_model_history"),
        comment="The past of architecture_model: versions that no longer hold.",
    )
    where_there("architecture_model_history", "ended_by")
    op.create_index(
        "ix_architecture_model_history_id_valid_from",
        "architecture_model_history",
        ["id", "valid_from"],
    )


def keep_the_past() -> None:
    """Move each version that ends into the history table; whoever writes, and however.

    A writer may say `SET LOCAL townclerk.valid_from` since when its changes hold in the world,
    and `townclerk.change_set` to which change-set they belong. Where that day lies before the one
    of the version it follows, versions in between never held: they are withdrawn, not forgotten, so
    that every moment has one answer, and every answer of the past can be given again.
    """
    op.execute(
        """CREATE FUNCTION townclerk_valid_from() RETURNS timestamptz LANGUAGE sql STABLE
           AS $$ SELECT nullif(current_setting('townclerk.valid_from', true), '')::timestamptz $$"""
    )
    op.execute(
        """CREATE FUNCTION townclerk_change_set() RETURNS uuid LANGUAGE sql STABLE
           AS $$ SELECT nullif(current_setting('townclerk.change_set', true), '')::uuid $$"""
    )
    op.execute(
        """CREATE FUNCTION stamp_version() RETURNS trigger LANGUAGE plpgsql AS $$
           BEGIN
               NEW.revision := OLD.revision + 1;
               NEW.changed_at := clock_timestamp();
               IF NEW.valid_from = OLD.valid_from THEN
                   NEW.valid_from := coalesce(townclerk_valid_from(), NEW.changed_at);
               END IF;
               NEW.change_set_id := townclerk_change_set();
               RETURN NEW;
           END $$"""
    )
    for table, columns in TABLES.items():
        keep_the_past_of(table, columns)


def keep_the_past_of(table: str, columns: str) -> None:
    ended = ", ".join(f"ended.{name}" for name in columns.split(", "))
    kept = columns.replace("changed_at", "moment").replace("moment,", "clock_timestamp(),")
    op.execute(
        f"""CREATE FUNCTION withdraw_{table}(changed uuid, since timestamptz) RETURNS void
           LANGUAGE sql AS $$
               INSERT INTO {table}_history ({columns}, valid_to, recorded_to, ended_by)
               SELECT {kept}, since, recorded_to, ended_by FROM {table}_history
               WHERE id = changed AND valid_from < since AND since < valid_to
                 AND withdrawn_at IS NULL;
               UPDATE {table}_history SET withdrawn_at = clock_timestamp()
               WHERE id = changed AND since < valid_to AND valid_from < valid_to
                 AND withdrawn_at IS NULL;
           $$"""
    )
    op.execute(
        f"""CREATE FUNCTION keep_{table}() RETURNS trigger LANGUAGE plpgsql AS $$
           DECLARE
               moment timestamptz := clock_timestamp();
               since timestamptz := coalesce(townclerk_valid_from(), moment);
           BEGIN
               IF TG_OP = 'DELETE' THEN
                   PERFORM withdraw_{table}(ended.id, since) FROM ended
                   WHERE since < ended.valid_from;
                   INSERT INTO {table}_history ({columns}, valid_to, recorded_to, ended_by)
                   SELECT {ended}, greatest(ended.valid_from, since), moment,
                          townclerk_change_set()
                   FROM ended;
               ELSE
                   PERFORM withdraw_{table}(ended.id, begun.valid_from)
                   FROM ended JOIN begun USING (id) WHERE begun.valid_from < ended.valid_from;
                   INSERT INTO {table}_history ({columns}, valid_to, recorded_to, ended_by)
                   SELECT {ended}, greatest(ended.valid_from, begun.valid_from),
                          begun.changed_at, begun.change_set_id
                   FROM ended JOIN begun USING (id) WHERE begun.revision <> ended.revision;
               END IF;
               RETURN NULL;
           END $$"""
    )
    op.execute(
        f"""CREATE TRIGGER stamp_version BEFORE UPDATE ON {table}
           FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION stamp_version()"""
    )
    op.execute(
        f"""CREATE TRIGGER keep_changed AFTER UPDATE ON {table}
           REFERENCING OLD TABLE AS ended NEW TABLE AS begun
           FOR EACH STATEMENT EXECUTE FUNCTION keep_{table}()"""
    )
    op.execute(
        f"""CREATE TRIGGER keep_removed AFTER DELETE ON {table}
           REFERENCING OLD TABLE AS ended
           FOR EACH STATEMENT EXECUTE FUNCTION keep_{table}()"""
    )


def answer_for_any_time() -> None:
    """Make `<table>_at` and `<table>_known_at`, which return rows just as the table has them."""
    for table, columns in TABLES.items():
        answer_as_of(table, columns)
        answer_as_known(table, columns)


def answer_as_of(table: str, columns: str) -> None:
    """Take each row from the present or the past, and lay the scenario's changes over it."""
    past = ", ".join(f"past.{name}" for name in columns.split(", "))
    laid = ", ".join(f"laid.{name}" for name in columns.split(", "))
    untouched = """(scenario IS NULL OR NOT EXISTS (
                   SELECT FROM scenario_change AS touched
                   WHERE touched.scenario_id = scenario AND touched.object_id = found.id))"""
    patch = """planned.patch
               || jsonb_build_object('attrs', (found.attrs || planned.attrs) - planned.unset)"""
    if "attrs" not in columns:
        patch = "planned.patch"
    op.execute(
        f"""CREATE FUNCTION {table}_at(as_of timestamptz, scenario uuid)
           RETURNS SETOF {table} LANGUAGE sql STABLE AS $$
           SELECT {columns} FROM {table} AS found
           WHERE (as_of IS NULL OR valid_from <= as_of) AND {untouched}
           UNION ALL
           SELECT {columns} FROM {table}_history AS found
           WHERE valid_from <= as_of AND as_of < valid_to AND withdrawn_at IS NULL
             AND {untouched}
           UNION ALL
           SELECT {laid}
           FROM scenario_change AS planned JOIN {table} AS found ON found.id = planned.object_id
           CROSS JOIN LATERAL jsonb_populate_record(found, {patch}) AS laid
           WHERE planned.scenario_id = scenario AND planned.action = 'change'
             AND (as_of IS NULL OR found.valid_from <= as_of)
           UNION ALL
           SELECT {laid}
           FROM scenario_change AS planned
           JOIN {table}_history AS past ON past.id = planned.object_id
           CROSS JOIN LATERAL jsonb_populate_record(ROW({past})::{table},
               {patch.replace("found.", "past.")}) AS laid
           WHERE planned.scenario_id = scenario AND planned.action = 'change'
             AND past.valid_from <= as_of AND as_of < past.valid_to
             AND past.withdrawn_at IS NULL
           UNION ALL
           SELECT {laid}
           FROM scenario_change AS planned
           CROSS JOIN LATERAL jsonb_populate_record(NULL::{table}, planned.patch) AS laid
           WHERE planned.scenario_id = scenario AND planned.action = 'add'
             AND planned.table_name = '{table}'
           $$"""
    )


def answer_as_known(table: str, columns: str) -> None:
    """Answer for a moment as we knew it at another: what was learnt later is left out."""
    op.execute(
        f"""CREATE FUNCTION {table}_known_at(as_of timestamptz, known timestamptz)
           RETURNS SETOF {table} LANGUAGE sql STABLE AS $$
           SELECT {columns} FROM {table} WHERE valid_from <= as_of AND changed_at <= known
           UNION ALL
           SELECT {columns} FROM {table}_history
           WHERE valid_from <= as_of AND changed_at <= known
             AND (as_of < valid_to OR known < recorded_to)
             AND (withdrawn_at IS NULL OR known < withdrawn_at)
           $$"""
    )


def where_there(table: str, name: str) -> None:
    """Index the rows that have a value there; most have none."""
    op.create_index(
        f"ix_{table}_{name}", table, [name], postgresql_where=sa.text(f"{name} IS NOT NULL")
    )


def column(
    name: str, kind: Any, comment: str | None, *, nullable: bool = False, default: str | None = None
) -> sa.Column[Any]:
    made = sa.text(default) if default and "(" in default else default
    return sa.Column(name, kind, nullable=nullable, server_default=made, comment=comment)


def words(
    name: str, comment: str | None, *, length: int | None = None, **options: Any
) -> sa.Column[Any]:
    return column(name, sa.String(length), comment, **options)


def text(name: str, comment: str | None, **options: Any) -> sa.Column[Any]:
    return column(name, sa.Text, comment, **options)


def texts(name: str, comment: str | None) -> sa.Column[Any]:
    return column(name, postgresql.ARRAY(sa.Text), comment)


def uuid(name: str, comment: str | None, **options: Any) -> sa.Column[Any]:
    return column(name, sa.Uuid, comment, **options)


def uuids(name: str, comment: str | None) -> sa.Column[Any]:
    return column(name, postgresql.ARRAY(sa.Uuid), comment)


def moment(name: str, comment: str | None, **options: Any) -> sa.Column[Any]:
    return column(name, sa.DateTime(timezone=True), comment, **options)


def json_object(name: str, comment: str | None, **options: Any) -> sa.Column[Any]:
    return column(name, postgresql.JSONB, comment, **options)


def binary(name: str, comment: str | None) -> sa.Column[Any]:
    return column(name, sa.LargeBinary, comment)


def number(name: str, comment: str | None, **options: Any) -> sa.Column[Any]:
    return column(name, sa.Integer, comment, **options)


def points_to(
    column: str, target: str, *, name: str, ondelete: str | None = None
) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=name, ondelete=ondelete)
