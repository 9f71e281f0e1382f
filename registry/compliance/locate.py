"""From a place in the document as rules see it back to the path in the text as it is written.

A finding behind a reference belongs to where the text is. The odd corners (references with
siblings, references that lead nowhere) follow Spectral, because identity of paths depends on them.
"""

from dataclasses import dataclass
from typing import Any

from registry.compliance.graph import References
from registry.compliance.jsonpath.values import UNDEFINED
from registry.compliance.messages import dotted
from registry.compliance.parsing.tree import ABSENT, Tree
from registry.compliance.pointers import is_encoded
from registry.compliance.view import View


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a finding stands in the text, and what a message may say about it."""

    row: int
    path: tuple[str, ...]
    property: str
    value: Any


class Locator:
    """Finds spots in one document."""

    def __init__(self, tree: Tree, view: View, references: References) -> None:
        self.tree = tree
        self.view = view
        self.references = references

    def written(self, place: int, suffix: tuple[str, ...]) -> Spot:
        """Return the spot for a rule that sees the document as written."""
        row, fitted = self.tree.closest(suffix, start=place)
        path = self.tree.path(row)
        return self._spot(row, path, (*path, *suffix[fitted:]))

    def followed(
        self, place: int, suffix: tuple[str, ...], *, direct: bool, behind: bool
    ) -> list[Spot]:
        """Return the spots for a rule that sees references followed.

        Args:
            place: Where the rule's path led; 0 with a path from the root.
            suffix: Names from there.
            direct: Whether the path selects the place without passing a reference.
            behind: Whether it selects the place by way of a reference.
        """
        at, fitted, crossed = place, 0, False
        for name in suffix:
            below = self.view.child(at, name)
            if below == ABSENT:
                break
            crossed = crossed or at in self.references.targets
            at = below
            fitted += 1
        missing = suffix[fitted:]
        straight = direct and not crossed
        around = crossed or behind or not straight
        path = self.tree.path(at)
        if at in self.references.targets or at in self.references.dangling:
            return self._at_reference(at, path, missing, straight=straight, around=around)
        spots: list[Spot] = []
        if straight:
            spots.append(self._spot(at, path, (*path, *missing)))
        if around and (not straight or _changes_in_pointers(path)):
            spots.append(self._behind(at, missing))
        return spots

    def _at_reference(
        self,
        site: int,
        path: tuple[str, ...],
        missing: tuple[str, ...],
        *,
        straight: bool,
        around: bool,
    ) -> list[Spot]:
        """Return the spots for a place that is itself a reference."""
        names = self.references.dangling.get(site)
        row = self.tree.closest(names)[0] if names is not None else self.references.targets[site]
        spots: list[Spot] = []
        if straight:
            if len(self.tree.values[site]) > 1:  # siblings hide the reference
                spots.append(self._spot(site, path, (*path, *missing)))
            else:
                spots.append(self._behind(row, ()))
        if around:
            spots.append(self._behind(row, missing))
        return spots

    def _behind(self, row: int, missing: tuple[str, ...]) -> Spot:
        """Return the spot of a row that was reached through a reference.

        Spectral finds its way back by percent-encoded pointers that it does not decode, so the
        path ends above the first name with an encoded character.
        """
        path = self.tree.path(row)
        known = next((at for at, name in enumerate(path) if is_encoded(name)), len(path))
        if known < len(path):
            path = path[:known]
            row = self.tree.closest(path)[0]
        return self._spot(row, path, (*path, *missing))

    def _spot(self, row: int, path: tuple[str, ...], wanted: tuple[str, ...]) -> Spot:
        if len(wanted) > len(path):
            shown = dotted(wanted[max(len(path) - 1, 0) :])
        else:
            shown = path[-1] if path else ""
        value = self.tree.values[row] if self.tree.values else UNDEFINED
        return Spot(row, path, shown, value)


def _changes_in_pointers(path: tuple[str, ...]) -> bool:
    return any(is_encoded(name) for name in path)
