"""Scalars of the graph that are written in our own way."""

from datetime import UTC, datetime
from typing import Any, Final

import strawberry
from graphql import GraphQLError


def written(moment: datetime) -> str:
    """Return a moment as PostgreSQL writes it in JSON: no more digits than it has."""
    text = moment.isoformat()
    if not moment.microsecond:
        return text
    zone = text.rindex("+") if "+" in text else len(text)
    return text[:zone].rstrip("0") + text[zone:]


def read(value: Any) -> datetime:
    """Return a moment from its text; one without a zone is in UTC."""
    try:
        moment = datetime.fromisoformat(value)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (TypeError, ValueError) as error:
        raise GraphQLError("DateTime must be written as 2026-05-31T12:00:00+02:00.") from error


DATE_TIME: Final[Any] = strawberry.scalar(
    name="DateTime",
    description="Moment in ISO 8601, e.g. 2026-05-31T12:00:00+02:00; without a zone in UTC.",
    serialize=written,
    parse_value=read,
)
