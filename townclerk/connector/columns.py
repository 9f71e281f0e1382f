"""Columns of a canonical record where it is kept by itself, in a file or a table."""

from msgspec.structs import fields

from connectors.sdk.spec import StreamSpec
from schemas.records import RECORD_TYPES

_DAYS = ("birth_date", "since", "until", "valid_until")
_MOMENTS = ("changed_at", "given_at", "happened_at")


def column_types(stream: StreamSpec) -> dict[str, str]:
    """Return the columns of what a stream's records become, the key first, with their SQL types."""
    special = {**dict.fromkeys(_DAYS, "date"), **dict.fromkeys(_MOMENTS, "timestamptz")}
    special["rank"] = "integer"
    names = sorted((field.name for field in fields(RECORD_TYPES[stream.becomes])), key="key".__ne__)
    return {name: special.get(name, "text") for name in names}
