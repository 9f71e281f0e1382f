"""Link anybody's tables: files in, pairs and clusters out, no hub and no database.

This is how a town tries the matcher on its own spreadsheet, and how it is measured.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb

from registry.customers.live.link import Linked, link_table
from registry.customers.matching.copies import pair_copies
from registry.customers.matching.engine import MEMORY_LIMIT_MB, open_engine, run
from registry.customers.matching.model import KEPT_BITS_MIN
from registry.customers.matching.pairing import Pairing
from registry.customers.matching.standard import PLAIN_COLUMNS
from registry.customers.tables.column_names import ROLES, role_by_name
from registry.customers.tables.encoding import codec_of
from registry.customers.tables.plain import make_plain
from registry.customers.tables.reading import TableRead, read_table
from registry.customers.tables.roles import Role, infer_roles
from registry.customers.tables.row_names import (
    NUMBERS,
    ROW_NUMBER,
    key_column,
    key_of,
    name_rows,
    some_values,
)
from registry.customers.tables.silence import why_nothing
from registry.customers.tables.writing import refuse_places, whole_files, write_csv
from schemas.errors import InvalidInput

# Linking more files than this is a data warehouse's work, and its names no longer fit a screen.
FILES_MAX = 50
# Roles that say who or where somebody is; with none of them nothing can be compared.
_TELLING = frozenset(ROLES) - {"kind", "source", "gender", "middle_name", "name_prefix"}
# Evidence so weak that every pair passes; for those who want to see each pair that was weighed.
_EVERY_PAIR_BITS = -1e9


@dataclass
class FileLinked:
    """What linking files found; counts and column names only.

    Attributes:
        roles: By file, what its columns were taken for.
        ignored: By file, columns without a role.
        keys: By file, the column that names its rows.
        warnings: What was odd, with the file's name before it.
        distinct: Files, or sources in one file, of which no two rows were linked by the model.
        records: Rows that were compared.
        pairs: Pairs that were weighed.
        links: Pairs written.
        clusters: Groups of records, lone ones included.
        model: Hash of the model that decided.
        seconds: Wall time by step.
    """

    roles: dict[str, list[Role]] = field(default_factory=dict)
    ignored: dict[str, list[str]] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    distinct: list[str] = field(default_factory=list)
    records: int = 0
    pairs: int = 0
    links: int = 0
    clusters: int = 0
    model: str = ""
    seconds: dict[str, float] = field(default_factory=dict)


def link_files(
    files: Sequence[Path],
    out: Path,
    *,
    chosen: Mapping[str, Sequence[str]] | None = None,
    key: str | Sequence[str] | None = None,
    encoding: str | None = None,
    clusters: Path | None = None,
    all_pairs: bool = False,
    between_only: bool = False,
    own_keys: bool | None = None,
    memory_limit_mb: int = MEMORY_LIMIT_MB,
    pairing: Pairing | None = None,
) -> FileLinked:
    """Link the rows of files and write the pairs.

    Args:
        files: CSV or Parquet files; several are linked against each other and in themselves.
        out: CSV to write: id_l, id_r, match_weight_bits, probability.
        chosen: Columns by role where the caller knows better; an empty list leaves a role out.
        key: Column that names the rows, or several, of which the first that a file has names its
            own; default is each file's first, ROW_NUMBER numbers them.
        encoding: How CSV is written that does not prove to be Unicode; any name that Python knows.
        clusters: CSV to write too: id, cluster.
        all_pairs: Write every pair that was weighed, not only those of one customer.
        between_only: Write only pairs of two different files.
        own_keys: Whether no file, or no source in it, has anybody twice; None lets the rule of
            `own_keys` decide for each.
        memory_limit_mb: What the comparison may hold before it spills to disk.
        pairing: Where pairs are found and compared; default is this process.

    Raises:
        InvalidInput: A file, an encoding or a choice of columns is of no use, and why.
    """
    outputs = _places(files, [out, *filter(None, [clusters])], between_only=between_only)
    said = codec_of(encoding) if encoding is not None else None
    keys = [key] if isinstance(key, str) else list(key or ())
    found = FileLinked()
    with open_engine(memory_limit_mb) as con:
        tables = [_read(con, path, index, said, found) for index, path in enumerate(files)]
        _all_there(chosen or {}, tables)
        for index, table in enumerate(tables):
            _plain_of(con, table, index, chosen=chosen or {}, keys=keys, found=found)
        _gather(con, tables, found)
        linked = link_table(
            con,
            "plain",
            kept_bits_min=_EVERY_PAIR_BITS if all_pairs else KEPT_BITS_MIN,
            own_keys=own_keys,
            pairing=pairing,
        )
        pair_copies(con)
        _take_counts(found, linked, tables)
        with whole_files(outputs) as places:
            found.links = _write_pairs(con, places[out], every=all_pairs, between=between_only)
            if clusters is not None:
                _write_clusters(con, places[clusters])
        if not found.links:
            _say_why(con, found, linked)
    return found


def _places(files: Sequence[Path], outputs: list[Path], *, between_only: bool) -> list[Path]:
    """Return what is written; refuse what cannot come to an end, before anything is read."""
    if not 0 < len(files) <= FILES_MAX:
        raise InvalidInput(f"Give one to {FILES_MAX} files to link.")
    if between_only and len(files) == 1:
        raise InvalidInput(
            "Pairs between files were asked for, and one file was given.",
            remedy="Leave out --between-only, or give another file.",
        )
    refuse_places(files, outputs)
    return outputs


def _read(
    con: duckdb.DuckDBPyConnection, path: Path, index: int, said: str | None, found: FileLinked
) -> TableRead:
    table = read_table(con, path, into=f"file_{index}", encoding=said)
    if table.name in found.roles:
        table.name = f"{table.name} ({index + 1})"
    found.roles[table.name] = []
    found.warnings += [f"{table.name}: {warning}" for warning in table.warnings]
    return table


def _all_there(chosen: Mapping[str, Sequence[str]], tables: Sequence[TableRead]) -> None:
    """Refuse a column that the caller names and no file has: a slip would leave it out unseen."""
    known = {column for table in tables for column in table.columns}
    absent = sorted({name for names in chosen.values() for name in names} - known)
    if absent:
        raise InvalidInput(
            f"No file has a column {', '.join(absent)}.",
            remedy="Columns are "
            + "; ".join(f"{table.name}: {', '.join(table.columns)}" for table in tables)
            + ".",
        )


def _plain_of(
    con: duckdb.DuckDBPyConnection,
    table: TableRead,
    index: int,
    *,
    chosen: Mapping[str, Sequence[str]],
    keys: Sequence[str],
    found: FileLinked,
) -> None:
    """Decide roles and key of one file and make its plain columns."""
    unread: list[str] = []
    name = key_column(con, table, keys, unread)
    roles = _roles_of(con, table, chosen, name, found)
    # Columns that say who somebody is and are empty in every row link nothing, and are no mistake.
    named = {role_by_name(column) for column in table.columns}
    if not _TELLING & (named | {role.role for role in roles}):
        if len(table.columns) == 1:
            raise InvalidInput(
                f"{table.name} has one column, and that does not say who somebody is.",
                remedy="Cells are parted by a comma, a semicolon, a tab or |; export it anew.",
            )
        raise InvalidInput(
            f"No column of {table.name} says who somebody is.",
            remedy=f"Its words are words with --encoding {' or '.join(table.better)}."
            if table.better
            else "Name them in a file for --columns, one `role: column` a line; the roles are "
            + ", ".join(ROLES)
            + ".",
        )
    found.roles[table.name] = roles
    known = {role.column for role in roles} | {name}
    found.ignored[table.name] = [column for column in table.columns if column not in known]
    found.keys[table.name] = name
    unread += make_plain(con, table.table, roles, into=f"plain_{index}")
    found.warnings += [f"{table.name}: {warning}" for warning in unread]
    run(
        con,
        "CREATE OR REPLACE TABLE key_$index AS SELECT row_number, $key AS key FROM $table",
        index=str(index),
        table=table.table,
        key=key_of(table, name),
    )
    run(con, "DROP TABLE $table CASCADE", table=table.table)


def _roles_of(
    con: duckdb.DuckDBPyConnection,
    table: TableRead,
    chosen: Mapping[str, Sequence[str]],
    key: str,
    found: FileLinked,
) -> list[Role]:
    values = {column: some_values(con, table.table, column) for column in table.columns}
    empty = [column for column, some in values.items() if not some and column != key]
    if empty:
        found.warnings.append(f"{table.name}: {', '.join(empty)}: no value in any row")
    taken = {column for columns in chosen.values() for column in columns}
    guessed = [
        role
        for role in (
            *_role_of_key(key, values, table),
            *infer_roles(table.columns, values, key=key),
        )
        if role.role not in chosen and role.column not in taken
    ]
    given = [
        Role(role, column, "as you said")
        for role, columns in chosen.items()
        for column in columns
        if column in table.columns
    ]
    return [
        replace(role, reason=f"{role.reason}; the first of a list")
        if role.column in table.listed
        else role
        for role in (*given, *guessed)
        if role.column not in empty
    ]


def _role_of_key(key: str, values: Mapping[str, Sequence[str]], table: TableRead) -> Sequence[Role]:
    """Return what the key's own name tells: an e-mail address may name rows and people."""
    if table.headless or not role_by_name(key) or role_by_name(key) in NUMBERS:
        return ()
    return infer_roles([key], {key: values.get(key, ())}, key=None)


def _gather(con: duckdb.DuckDBPyConnection, tables: Sequence[TableRead], found: FileLinked) -> None:
    """Make `plain` of all files, and `row_key` that says how a row is called in the output."""
    several, odd_keys = len(tables) > 1, False
    parts = []
    for index, table in enumerate(tables):
        present = {row[0] for row in run(con, "DESCRIBE plain_$index", index=str(index))}
        source = f"'{index}'" if several else "source" if "source" in present else "NULL::VARCHAR"
        absent = {"kind": "'person'"}
        columns = ", ".join(
            name if name in present else f"{absent.get(name, 'NULL::VARCHAR')} AS {name}"
            for name in PLAIN_COLUMNS
            if name not in ("id", "source")
        )
        parts.append(
            f"SELECT {index} AS file, row_number, {source} AS source, {columns} FROM plain_{index}"
        )
        blank, doubled = run(
            con,
            "SELECT count(*) FILTER (key IS NULL), count(key) - count(DISTINCT key)"
            " FROM key_$index",
            index=str(index),
        )[0]
        odd_keys = odd_keys or bool(blank or doubled)
        if blank and found.keys[table.name] != ROW_NUMBER:
            found.warnings.append(f"{table.name}: {blank} rows have no key and are called row-N")
        if doubled:
            found.warnings.append(
                f"{table.name}: {doubled} rows have a key that an earlier row has; they are called"
                " KEY#2, KEY#3 and so on"
            )
    name_rows(con, tables, odd_keys=odd_keys)
    run(
        con,
        "CREATE OR REPLACE TABLE plain AS SELECT k.id, p.* EXCLUDE (file, row_number)"
        " FROM ($union) p JOIN row_key k USING (file, row_number)",
        union=" UNION ALL ".join(parts),
    )
    found.records = int(run(con, "SELECT count(*) FROM plain")[0][0])


def _say_why(con: duckdb.DuckDBPyConnection, found: FileLinked, linked: Linked) -> None:
    """Add why no pair was written to what is told."""
    reason = why_nothing(
        con,
        roles={role.role for roles in found.roles.values() for role in roles},
        rows=found.records,
        pairs=found.pairs,
        customers=found.clusters,
        cut_bits=linked.model.cut_bits,
    )
    found.warnings += [reason] if reason else []


def _take_counts(found: FileLinked, linked: Linked, tables: Sequence[TableRead]) -> None:
    found.pairs, found.clusters = linked.pairs, linked.clusters
    found.model = linked.model.content_hash
    found.seconds = {step: round(wall, 3) for step, wall in linked.seconds.items()}
    apart = {source for part in linked.model.kinds.values() for source in part.distinct}
    names = {str(index): table.name for index, table in enumerate(tables)}
    found.distinct = sorted(names[each] if len(tables) > 1 else each for each in apart)


def _write_pairs(con: duckdb.DuckDBPyConnection, out: Path, *, every: bool, between: bool) -> int:
    """Write pairs, strongest first; without `every` those whose records stand in one cluster."""
    condition = "true" if every else "cl.cluster = cr.cluster AND NOT apart"
    run(
        con,
        """
        CREATE OR REPLACE TEMP TABLE pair_out AS
        SELECT l.name AS id_l, r.name AS id_r,
            round(weight_bits::DOUBLE, 4) AS match_weight_bits,
            round(1 / (1 + pow(2, -greatest(least(weight_bits::DOUBLE, 60), -60))), 6)
                AS probability
        FROM linked_pair
        JOIN row_key l ON l.id = id_l JOIN row_key r ON r.id = id_r
        JOIN linked_record cl ON cl.id = id_l JOIN linked_record cr ON cr.id = id_r
        WHERE $condition AND ($every_file OR l.file <> r.file)
        """,
        condition=condition,
        every_file="false" if between else "true",
    )
    write_csv(con, "SELECT * FROM pair_out ORDER BY match_weight_bits DESC, id_l, id_r", out)
    return int(run(con, "SELECT count(*) FROM pair_out")[0][0])


def _write_clusters(con: duckdb.DuckDBPyConnection, out: Path) -> None:
    """Write every row's cluster, named by the first row in it."""
    write_csv(
        con,
        "SELECT k.name AS id, head.name AS cluster FROM row_key k"
        " JOIN linked_record c ON c.id = k.id JOIN row_key head ON head.id = c.cluster"
        " ORDER BY k.id",
        out,
    )
