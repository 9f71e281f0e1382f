"""Reference profiles: how a reference architecture tells its components and obligations.

The profiles are data (schemas/reference/profiles.toml), and so is one of your own.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

import msgspec
from msgspec import Struct, field, structs

from registry.landscape.lifecycle import REFERENCE
from registry.landscape.questions.graph import LandscapeGraph, folded
from schemas.errors import InvalidInput, UnknownName

FACTS: Final[Mapping[str, tuple[str, ...]]] = {
    fact: tuple(folded(name) for name in names) for fact, names in REFERENCE["facts"].items()
}
PROFILE_BYTES_MAX = 100_000  # a page of text; more is some other file


class Sign(Struct, frozen=True, forbid_unknown_fields=True):
    """How elements of a sort are told: by kind, or by a property with one of some values."""

    kinds: tuple[str, ...] = ()
    property: str = ""
    values: tuple[str, ...] = ()

    def marks(self, graph: LandscapeGraph, node: int) -> bool:
        """Tell whether a node is of this sort."""
        if graph.kinds[node] in self.kinds:
            return True
        if not self.property:
            return False
        said = {value.casefold() for value in graph.facts(node).get(folded(self.property), ())}
        return any(value.casefold() in said for value in self.values)


class ObligationSign(Struct, frozen=True, forbid_unknown_fields=True):
    """The property of a realization that says how binding a standard is, and its values."""

    property: str
    mandatory: tuple[str, ...]
    recommended: tuple[str, ...]


class Profile(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One reference architecture's way of telling what is what.

    Args:
        title: Its name, for people.
        component: How reference components are told.
        standard: How standards are told.
        version: How versions of standards are told.
        obligation: How obligations are told.
        identifiers: Properties that identify a component besides its id and Object ID.
        also: Profiles that hold beside this one, where a landscape follows several.
    """

    title: str
    component: Sign
    standard: Sign
    version: Sign
    obligation: ObligationSign
    identifiers: tuple[str, ...] = field(default_factory=tuple)
    also: tuple["Profile", ...] = field(default_factory=tuple)

    def all(self) -> tuple["Profile", ...]:
        """Return this profile and those that hold beside it."""
        return (self, *self.also)

    def components(self, graph: LandscapeGraph) -> list[int]:
        """Return the reference components of a landscape, by name."""
        found = {node for one in self.all() for node in _marked(graph, one.component)}
        return sorted(found, key=lambda node: (graph.names[node], graph.keys[node]))

    def is_component(self, graph: LandscapeGraph, node: int) -> bool:
        """Tell whether a node is a reference component."""
        return any(one.component.marks(graph, node) for one in self.all())

    def is_standard(self, graph: LandscapeGraph, node: int) -> bool:
        """Tell whether a node is a standard."""
        return any(one.standard.marks(graph, node) for one in self.all())

    def is_version(self, graph: LandscapeGraph, node: int) -> bool:
        """Tell whether a node is a version of a standard."""
        return any(one.version.marks(graph, node) for one in self.all())


@lru_cache(maxsize=1)
def profiles() -> Mapping[str, Profile]:
    """Return the profiles that come with the product, by name."""
    return msgspec.convert(REFERENCE["profiles"], dict[str, Profile])


def profile_of(text: str, *, file: str) -> Profile:
    """Read a profile of somebody's own.

    Args:
        text: TOML with the lines of one profile.
        file: Its name, for messages.

    Raises:
        InvalidInput: It is not TOML, or not a profile; the message names the place.
    """
    try:
        return msgspec.toml.decode(text, type=Profile)
    except (msgspec.DecodeError, ValueError) as error:
        raise InvalidInput(
            f"{file} is no reference profile: {error}",
            remedy="docs/reference/reference-profiles.md shows a whole one.",
        ) from error


def profile_named(name: str) -> Profile:
    """Return a profile that comes with the product.

    Raises:
        UnknownName: There is none of that name.
    """
    if name not in profiles():
        raise UnknownName(
            f"There is no reference profile {name!r}.",
            remedy=f"Use one of {', '.join(profiles())}, or a file of your own.",
        )
    return profiles()[name]


def recognised(graph: LandscapeGraph) -> Profile:
    """Return the profile that finds most reference components, with the others that find any.

    A hub may hold our own reference model beside a national one.
    """
    counts = {name: len(_marked(graph, one.component)) for name, one in profiles().items()}
    ranked = sorted(counts, key=lambda name: -counts[name])
    beside = tuple(profiles()[name] for name in ranked[1:] if counts[name])
    return structs.replace(profiles()[ranked[0]], also=beside)


def _marked(graph: LandscapeGraph, sign: Sign) -> list[int]:
    key = ("marked", sign)
    if key not in graph.memo:
        nodes = graph.of_kinds(*sign.kinds).tolist() if not sign.property else range(graph.size)
        graph.memo[key] = [node for node in nodes if sign.marks(graph, node)]
    kept: list[int] = graph.memo[key]
    return kept


def fact(graph: LandscapeGraph, node: int, name: str) -> str:
    """Return what an element says about one of the facts people keep, e.g. owner."""
    return graph.value(node, FACTS[name])


def says_yes(said: str) -> bool:
    """Tell whether a value means yes, in any language the facts know."""
    return said.strip().casefold() in FACTS["yes"]
