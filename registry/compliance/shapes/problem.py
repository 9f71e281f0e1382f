"""What a JSON Schema check has to say, in the words and order of Ajv 8."""

from dataclasses import dataclass, field
from typing import Any

At = tuple[Any, Any] | None  # a linked path: (path of the parent, name); None is the root


@dataclass(slots=True)
class Problem:
    """One failed keyword."""

    keyword: str
    at: At
    message: str
    schema_path: str
    params: dict[str, Any] = field(default_factory=dict)
    used: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Names from the root of the checked value to the failing one."""
        return names_of(self.at)


def names_of(at: At) -> tuple[str, ...]:
    """Unroll a linked path."""
    names: list[str] = []
    while at is not None:
        at, name = at
        names.append(str(name))
    return tuple(reversed(names))


class InvalidSchema(Exception):
    """The schema itself cannot be used; the text is Ajv's message."""


class MissingTarget(Exception):
    """A $ref inside the schema has no target; Spectral then checks nothing."""
