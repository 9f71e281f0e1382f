"""The moment and the scenario that `landscape(asOf:, scenario:)` sets for everything inside it."""

from datetime import datetime
from typing import Any, Final

from registry.api.reading.conditions import moment
from registry.api.reading.places import id_of
from registry.api.reading.writing import Given, Writer
from registry.storage.readable import Policy
from schemas.access import Scope
from schemas.base import utc_now
from schemas.errors import InvalidInput

LANDSCAPE: Final = Policy(Scope.LANDSCAPE_READ)  # of the field that sets them


class MomentInFuture(InvalidInput):
    """The landscape is asked about at a moment that has not come yet."""

    code = "moment_in_future"
    remedy = "Ask about a past moment; plans for the future are scenarios."


def past(value: Any) -> datetime:
    """Return a moment that has been.

    Raises:
        MomentInFuture: It has not come yet.
        InvalidInput: It cannot be reckoned with.
    """
    when = moment(value, "asOf")
    if when > utc_now():
        raise MomentInFuture("`asOf` lies in the future.")
    return when


read_scenario = id_of("scenario", "scenario")


def bind_moment(writer: Writer, given: Given) -> None:
    """Let everything written from here on be read at the moment given.

    Raises:
        InvalidInput: See `past`; or the scenario's id is none of ours.
    """
    as_of, scenario = given.get("asOf"), given.get("scenario")
    if not as_of and not scenario:
        writer.moment = None
        return
    writer.moment = (
        writer.bind(as_of, past, "timestamptz") if as_of else "NULL::timestamptz",
        writer.bind(scenario, read_scenario, "uuid") if scenario else "NULL::uuid",
    )
