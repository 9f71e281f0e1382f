"""Counts per value, for charts: `groupBy(by: [LIFECYCLE]) { keys count }`."""

from registry.api.reading.lists import GROUPED_BY_MAX, GROUPS_MAX, Listed
from registry.api.reading.writing import Given, Writer, enum_name_sql
from schemas.errors import InvalidInput


def grouped(writer: Writer, listed: Listed, given: Given) -> str:
    """Return the SELECT of `keys` and `count`, the largest groups first.

    Raises:
        InvalidInput: It counts by nothing, or by too much.
        AccessDenied: It counts by what who asks may not see.
    """
    by = given.get("by").value
    if not 1 <= len(by) <= GROUPED_BY_MAX:
        raise InvalidInput(f"`groupBy` counts by 1 to {GROUPED_BY_MAX} columns.")
    keys = []
    for each in by:
        column = listed.readable.column(each.value)
        value = writer.compared(column, listed.row)
        if isinstance(column.kind, type):
            value = enum_name_sql(column.kind, value)
        keys.append(f"({value})::text")
    names = [f"k{number}" for number in range(len(keys))]
    selected = ", ".join(f"{key} AS {name}" for key, name in zip(keys, names, strict=True))
    rows = f"SELECT {selected} FROM {listed.source} WHERE {listed.where}"
    listing = ", ".join(names)
    order = ", ".join(f"{name} NULLS LAST" for name in names)
    return (
        f"SELECT json_build_array({listing}) AS keys, count(*) AS count FROM ({rows}) AS counted"
        f" GROUP BY {listing} ORDER BY count(*) DESC, {order} LIMIT {GROUPS_MAX}"
    )
