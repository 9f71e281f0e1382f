"""What a rule's function receives and gives back."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from registry.compliance.jsonpath.select import Selection

if TYPE_CHECKING:
    from registry.compliance.run import Run


@dataclass(slots=True)
class Call:
    """The circumstances of one call.

    Attributes:
        run: The check that is going on: document, formats, references, caches.
        place: Row of the place that the path selected.
        suffix: Names from there to the value that the function looks at (`field`).
        resolved: Whether the rule sees references followed.
        ways: The selections that led to the place.
    """

    run: "Run"
    place: int
    suffix: tuple[str, ...] = ()
    resolved: bool = True
    ways: Iterable[Selection] = ()

    @property
    def last_name(self) -> str | None:
        """Name of the value in its parent; None for the document itself."""
        if self.suffix:
            return self.suffix[-1]
        return str(self.run.tree.keys[self.place]) if self.place > 0 else None


@dataclass(frozen=True, slots=True)
class Result:
    """One complaint of a function.

    Attributes:
        message: A template, see messages.filled.
        below: Names from the value that was looked at to what the complaint is about.
        absolute: Names from the root instead, where a function thinks in whole paths.
    """

    message: str
    below: tuple[str, ...] = ()
    absolute: tuple[str, ...] | None = None


Function = Callable[[Any, Any, Call], Iterable[Result] | None]
