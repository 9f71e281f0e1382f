"""Lists that are handed out in parts: one question for each of some values, one after the other.

The values stand in the connector file, come out of another stream, or stand in a file of their own
where they are keys of people; those never become part of an address or of a stored position.
"""

import hashlib
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import Field, StringConstraints, model_validator

from connectors.sdk.json_pages import decode_records, path_steps
from connectors.sdk.scans import PARTITIONS_MAX
from connectors.sdk.strict import DottedPath, Name, Parameter, Strict, fault
from schemas.errors import GiveUp, RetryLater
from schemas.records import Page

FILE_BYTES_MAX = 64 * 1024 * 1024
"""Five million keys of people."""

VALUE_CHARACTERS_MAX = 200
"""A key is short; a longer line is another sort of file."""

TOGETHER_MAX = 1_000
"""Values in one question; sources that take several state a far lower limit."""


class Part(NamedTuple):
    """One question.

    Attributes:
        label: Names it in stored positions.
        values: What is asked for.
    """

    label: str
    values: list[str]


class Partitions(Strict):
    """The list is handed out in parts, one for each of these values, read one after the other.

    Attributes:
        parameter: What takes the value: a parameter of the query, or a field of `body`; left out
            where `get` holds {partition}.
        values: The values.
        values_file: A file with one value a line, read anew in every run.
        stream: Another stream of this file, each of whose records gives a value.
        field: Where in such a record the value stands.
        together: How many values one question takes; they are sent as a list.
    """

    parameter: Parameter | None = None
    values: Annotated[list[str], Field(min_length=1, max_length=PARTITIONS_MAX)] | None = None
    values_file: (
        Annotated[str, StringConstraints(pattern=r"^/[^\x00]+$", max_length=500)] | None
    ) = None
    stream: Name | None = None
    field: DottedPath | None = None
    together: Annotated[int, Field(ge=1, le=TOGETHER_MAX)] | None = None

    @model_validator(mode="after")
    def have_one_source(self) -> "Partitions":
        """Demand values from one place."""
        given = [one for one in (self.values, self.values_file, self.stream) if one is not None]
        if len(given) != 1:
            raise fault("give one of `values`, `values_file` and `stream`")
        if (self.stream is None) != (self.field is None):
            raise fault("`stream` and `field` belong together", "field")
        if self.stream is not None and self.together is not None:
            raise fault("values of a stream are asked for one by one", "together")
        return self

    def parts(self) -> list[Part]:
        """Return the questions, in order; those of a stream are for whoever can read it.

        Raises:
            GiveUp: The file of values cannot be used.
            RetryLater: It cannot be read now.
        """
        values = self.values if self.values is not None else _read(Path(str(self.values_file)))
        count = self.together or 1
        groups = [values[start : start + count] for start in range(0, len(values), count)]
        if self.values_file is None and self.together is None:
            return [Part(value, [value]) for value in values]
        return [Part(_label(group), group) for group in groups]


def values_of(page: Page, field: str, found: dict[str, None]) -> None:
    """Add the value of each record of a page to those that were found, once and in order.

    Raises:
        GiveUp: A record has none, or they are more than a list can be parted by.
    """
    decoded, unreadable = decode_records(page.undecoded)
    if unreadable or page.rejected:
        raise GiveUp("A record of the stream that parts this list cannot be read.")
    for record in (*page.records, *decoded):
        value: Any = record.value
        for step in path_steps(field):
            value = value.get(step) if isinstance(value, Mapping) else None
        if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
            raise GiveUp(
                f"A record of the stream that parts this list has nothing at `{field}`.",
                remedy="Correct `field` under partitions.",
            )
        if len(text := str(value)) > VALUE_CHARACTERS_MAX:
            raise GiveUp(f"What stands at `{field}` is longer than {VALUE_CHARACTERS_MAX} signs.")
        found[text] = None
        if len(found) > PARTITIONS_MAX:
            raise GiveUp(
                f"The list would be read in more than {PARTITIONS_MAX:,} parts.",
                remedy="Ask the source for one list of all; see `incremental`.",
            )


def _label(values: list[str]) -> str:
    """Name a question without saying whom it is about."""
    return hashlib.sha256("\n".join(values).encode()).hexdigest()[:24]


def _read(path: Path) -> list[str]:
    try:
        facts = path.stat()
        if not stat.S_ISREG(facts.st_mode) or facts.st_size > FILE_BYTES_MAX:
            raise GiveUp(f"{path} is no plain file of {FILE_BYTES_MAX:,} bytes at most.")
        lines = path.read_text("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise GiveUp(f"{path} is not UTF-8 text.") from None
    except FileNotFoundError:
        raise GiveUp(f"There is no file {path} with the values to ask for.") from None
    except OSError as error:
        raise RetryLater(f"{path} cannot be read now: {error.strerror}.") from None
    found = list(dict.fromkeys(text for line in lines if (text := line.strip())))
    if not found:
        raise GiveUp(f"{path} holds no values; an empty list of questions is no empty list.")
    if any(len(value) > VALUE_CHARACTERS_MAX for value in found):
        raise GiveUp(f"{path} holds a line of more than {VALUE_CHARACTERS_MAX} characters.")
    return found
