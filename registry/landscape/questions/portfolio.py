"""Which of our systems fills in which reference component: what gaps and obligations start from.

The two may stand in one landscape or in two files. Between files a component is known by its id,
its Object ID or another identifier of the profile, or else by its name.
"""

import re
from collections.abc import Iterator

from msgspec import Struct, field

from registry.landscape.questions.graph import LandscapeGraph, folded
from registry.landscape.questions.profiles import FACTS, Profile, recognised
from schemas.landscape_kinds import RelationshipKind

SYSTEM, APPLICATION = "system", "application_component"
_SEPARATORS = re.compile(r"\s*[;|\n]\s*")


class Portfolio(Struct, kw_only=True):
    """Our systems beside a reference architecture.

    Args:
        own: Landscape with the systems.
        reference: Landscape with the reference components; often the same.
        profile: How the reference tells what is what.
        components: Reference components, by name; nodes of `reference`.
        systems: Systems, by name; nodes of `own`.
        fills: Components each system fills in.
        filled_by: Systems in each component that has any.
        unknown: Systems and what they name that the reference does not know.
    """

    own: LandscapeGraph
    reference: LandscapeGraph
    profile: Profile
    components: list[int]
    systems: list[int]
    fills: dict[int, list[int]] = field(default_factory=dict)
    filled_by: dict[int, list[int]] = field(default_factory=dict)
    unknown: list[tuple[int, str]] = field(default_factory=list)

    @property
    def unplaced(self) -> list[int]:
        """Systems that fill in nothing."""
        return [system for system in self.systems if not self.fills.get(system)]


def portfolio(
    own: LandscapeGraph,
    reference: LandscapeGraph | None = None,
    profile: Profile | None = None,
) -> Portfolio:
    """Find out which system fills in which component.

    Args:
        own: Landscape with the systems.
        reference: Landscape with the reference components, if it is another one.
        profile: How the reference tells what is what; recognised where none is given.
    """
    key = ("portfolio", id(reference), profile and profile.title)
    if reference is not None or key not in own.memo:
        found = _Finder(own, reference or own, profile or recognised(reference or own)).found()
        if reference is not None:
            return found
        own.memo[key] = found
    kept: Portfolio = own.memo[key]
    return kept


class _Finder:
    def __init__(self, own: LandscapeGraph, reference: LandscapeGraph, profile: Profile) -> None:
        self.own, self.reference, self.profile = own, reference, profile
        self.components = profile.components(reference)
        self.is_one = own is reference
        self.by_sign: dict[str, int] = {}
        self.by_name: dict[str, int] = {}
        for node in reversed(self.components):
            self.by_name[reference.names[node].casefold()] = node
            for sign in self.signs(reference, node):
                self.by_sign[sign] = node

    def signs(self, graph: LandscapeGraph, node: int) -> Iterator[str]:
        """Yield everything a component is identified by."""
        yield graph.keys[node].removeprefix("id-")
        if alias := graph.columns.aliases[node]:
            yield alias
        for profile in self.profile.all():
            for name in profile.identifiers:
                yield from filter(None, graph.facts(node).get(folded(name), ()))

    def found(self) -> Portfolio:
        placed = {node: self.component_of(node) for node in self.candidates()}
        systems = [node for node, component in placed.items() if component is None]
        result = Portfolio(
            own=self.own,
            reference=self.reference,
            profile=self.profile,
            components=self.components,
            systems=sorted(systems, key=lambda n: (self.own.names[n], self.own.keys[n])),
        )
        for system in result.systems:
            self.place(result, system)
        if self.is_one:
            kinds, all_ = self.own.kinds, result.systems
            result.systems = [n for n in all_ if kinds[n] == SYSTEM or n in result.fills]
            if not result.systems and not self.components:
                # A model of an architect who knows ArchiMate only: its applications are systems.
                result.systems = all_
        return result

    def candidates(self) -> list[int]:
        """Return what may be a system: never a reference component, nor the copy of one."""
        nodes = self.own.of_kinds(SYSTEM, APPLICATION).tolist()
        if any(profile.identifiers for profile in self.profile.all()):
            named = FACTS["components"]
            nodes += [n for n in range(self.own.size) if self.own.value(n, named)]
        return [n for n in dict.fromkeys(nodes) if not self.profile.is_component(self.own, n)]

    def component_of(self, node: int) -> int | None:
        """Return the component a node of our own landscape is, or is a copy of."""
        if self.is_one:
            return node if self.profile.is_component(self.own, node) else None
        return next(
            (self.by_sign[s] for s in self.signs(self.own, node) if s in self.by_sign), None
        )

    def place(self, result: Portfolio, system: int) -> None:
        found: dict[int, None] = {}
        for general, _edge in self.own.outgoing(system, RelationshipKind.SPECIALIZATION):
            component = self.component_of(general)
            if component is None and not self.is_one:
                component = self.by_name.get(self.own.names[general].casefold())
            if component is not None:
                found[component] = None
        for said in self.named(system):
            component = self.by_sign.get(said.removeprefix("id-"))
            if component is None:
                component = self.by_name.get(said.casefold())
            if component is None:
                result.unknown.append((system, said))
            else:
                found[component] = None
        if found:
            result.fills[system] = list(found)
        for component in found:
            result.filled_by.setdefault(component, []).append(system)

    def named(self, system: int) -> Iterator[str]:
        facts = self.own.facts(system)
        for name in FACTS["components"]:
            for value in facts.get(name, ()):
                yield from filter(None, _SEPARATORS.split(value.strip()))
