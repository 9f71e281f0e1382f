"""A plausible landscape of any size, for load tests: the same one for the same seed.

Every interface has one system, every reference component one domain, and every system fills in one
reference component. The rest is spread unevenly, as in a real town: a few hubs that everybody uses,
and many systems that hardly anybody knows.
"""

import random
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TypeVar

import psycopg

from registry.landscape.changes.sets import ChangeSetDraft, recorded
from registry.landscape.commands import MASTER_VIEW_URN, OWN_SYSTEM_URN
from registry.storage.bulk import set_aside
from registry.storage.copying import copy_into
from schemas.base import utc_now
from schemas.errors import Conflict, InvalidInput
from schemas.landscape_kinds import ElementKind, RelationshipKind

T = TypeVar("T")
ELEMENTS_MIN = 20  # below this some kinds would be missing
ELEMENTS_MAX = 1_000_000  # ten times the largest landscape we promise to be quick for
RELATIONSHIPS_MAX = 5_000_000  # the pairs of one kind are kept in memory, 150 bytes each
RELATIONSHIPS_PER_ELEMENT_MAX = 20  # more than any real landscape; leaves room to find new pairs
FIRST_MOMENT_MILLISECONDS = 1_767_225_600_000  # the ids begin with 2026, so that seeds alone decide
SET_ASIDE_MIN = 20_000  # relationships; below it, making the indexes anew costs more than it saves
SKEW = 3.0  # of the uses, half go to an eighth of the elements
TRIES_PER_PAIR_MAX = 50  # hubs collide; beyond this the numbers asked for do not fit

# What of a landscape is what, in thousandths; the rest are data sets.
SHARES = {
    ElementKind.DOMAIN: 2,
    ElementKind.REFERENCE_COMPONENT: 48,
    ElementKind.SYSTEM: 300,
    ElementKind.INTERFACE: 350,
}
OFFICES = (
    "Permits", "Taxes", "Library", "Parking", "Waste", "Schools", "Elections", "Archives",
    "Housing", "Streets", "Parks", "Harbour", "Markets", "Care", "Youth", "Sports", "Museums",
    "Buildings", "Water", "Heritage", "Payroll", "Purchasing", "Civil registry", "Addresses",
)  # fmt: skip
NOUNS = {
    ElementKind.DOMAIN: ("services", "affairs", "supervision"),
    ElementKind.REFERENCE_COMPONENT: ("registration", "case handling", "planning", "portal"),
    ElementKind.SYSTEM: ("register", "desk", "planner", "counter", "ledger", "viewer"),
    ElementKind.INTERFACE: ("API", "export", "feed", "query service"),
    ElementKind.DATA_SET: ("customers", "cases", "payments", "objects", "decisions"),
}
LIFECYCLES = ("active", "active", "active", "plan", "phase in", "phase out")
PROTOCOLS = ("REST", "REST", "GraphQL", "SQL", "files")


@dataclass(frozen=True)
class Way:
    """Relationships of one kind between two kinds of elements, and how many of the loose ones."""

    kind: RelationshipKind
    source: ElementKind
    target: ElementKind
    parts: int


LOOSE = (
    Way(RelationshipKind.SERVING, ElementKind.INTERFACE, ElementKind.SYSTEM, 4),
    Way(RelationshipKind.ACCESS, ElementKind.SYSTEM, ElementKind.DATA_SET, 3),
    Way(RelationshipKind.ACCESS, ElementKind.INTERFACE, ElementKind.DATA_SET, 2),
    Way(RelationshipKind.FLOW, ElementKind.SYSTEM, ElementKind.SYSTEM, 1),
)
# Each target (or source, for a specialization) has exactly one of these.
FIXED = (
    Way(RelationshipKind.COMPOSITION, ElementKind.DOMAIN, ElementKind.REFERENCE_COMPONENT, 0),
    Way(RelationshipKind.COMPOSITION, ElementKind.SYSTEM, ElementKind.INTERFACE, 0),
    Way(RelationshipKind.SPECIALIZATION, ElementKind.SYSTEM, ElementKind.REFERENCE_COMPONENT, 0),
)


@dataclass(frozen=True)
class Generated:
    """How much was added."""

    elements: int
    relationships: int


class LandscapeNotEmpty(Conflict):
    """The database already holds elements that are not Townclerk's own."""

    code = "landscape_not_empty"
    remedy = "Use an empty database (another TOWNCLERK_DATA_DIR), or add --force."


def generate(
    db: psycopg.Connection, *, elements: int, relationships: int, seed: int, force: bool = False
) -> Generated:
    """Fill the database with a landscape, by COPY.

    Args:
        db: The caller's connection; nothing is committed.
        elements: How many, `ELEMENTS_MIN` or more.
        relationships: How many, at least as many as elements.
        seed: Another seed makes another landscape, with other ids and URNs.
        force: Add to a landscape that is already there.

    Raises:
        InvalidInput: The numbers are too small, too large, or do not fit each other.
        LandscapeNotEmpty: There is a landscape already, and `force` is not set; or this seed's.
    """
    _check_numbers(elements, relationships)
    _check_room(db, seed, force=force)
    town = _Town(elements, seed)
    now = utc_now().isoformat()
    columns = ("id", "urn", "kind", "name", "description", "attrs", "revision")
    is_large = relationships >= SET_ASIDE_MIN
    draft = ChangeSetDraft(
        purpose="generate", reason=f"Made up for load tests, seed {seed}.", proposer="townclerk"
    )
    under = str(draft.id)
    aside = set_aside(db, ("element", "relationship")) if is_large else nullcontext()
    with recorded(db, draft) as counts, aside:
        made = copy_into(
            db,
            "element",
            (*columns, "created_at", "changed_at", "change_set_id"),
            ((*row, "1", now, now, under) for row in town.elements()),
        )
        related = copy_into(
            db,
            "relationship",
            ("id", "kind", "source_id", "target_id", "attrs", "created_at", "change_set_id"),
            ((*row, "{}", now, under) for row in town.relationships(relationships)),
        )
        counts["added"] = made + related
    db.execute("ANALYZE element, relationship")
    return Generated(made, related)


def _check_numbers(elements: int, relationships: int) -> None:
    if not ELEMENTS_MIN <= elements <= ELEMENTS_MAX:
        raise InvalidInput(f"A generated landscape has {ELEMENTS_MIN} to {ELEMENTS_MAX} elements.")
    most = min(elements * RELATIONSHIPS_PER_ELEMENT_MAX, RELATIONSHIPS_MAX)
    if not elements <= relationships <= most:
        raise InvalidInput(f"{elements} elements take {elements} to {most} relationships.")


def _check_room(db: psycopg.Connection, seed: int, *, force: bool) -> None:
    found = db.execute(
        "SELECT count(*), count(*) FILTER (WHERE urn LIKE %s) FROM element WHERE urn <> ALL(%s)",
        (f"urn:townclerk:%:generated-{seed}-%", [OWN_SYSTEM_URN, MASTER_VIEW_URN]),
    ).fetchone()
    others, twins = found or (0, 0)
    if twins:
        raise LandscapeNotEmpty(
            f"The landscape of seed {seed} is here already.", remedy="Choose another --seed."
        )
    if others and not force:
        raise LandscapeNotEmpty(f"{others} elements are registered here already.")


class _Town:
    """One landscape in memory: how many of each kind, and ids that follow from seed and number.

    Rows are text, as COPY takes it: half a million of them need no other form in between.
    """

    def __init__(self, elements: int, seed: int) -> None:
        self._seed, self._made = seed, 0
        self._random = random.Random(f"townclerk landscape {seed}")  # noqa: S311  # test data
        counts = {kind: max(1, elements * share // 1000) for kind, share in SHARES.items()}
        counts[ElementKind.DATA_SET] = elements - sum(counts.values())
        self._ids = {kind: [self._new_id() for _ in range(count)] for kind, count in counts.items()}

    def elements(self) -> Iterator[tuple[str, ...]]:
        """Yield id, URN, kind, name, description and attributes of each element."""
        for kind, ids in self._ids.items():
            for number, key in enumerate(ids, 1):
                office, noun = self._one_of(OFFICES), self._one_of(NOUNS[kind])
                urn = f"urn:townclerk:{kind}:generated-{self._seed}-{number}"
                name = f"{office} {noun} {number}"
                words = f"Generated for load tests: {noun} of {office.lower()}."
                yield key, urn, str(kind), name, words, self._attrs(kind, office)

    def relationships(self, count: int) -> Iterator[tuple[str, ...]]:
        """Yield id, kind, source and target of each relationship; no two are the same."""
        fixed = 0
        for way in FIXED:
            for source, target in self._fixed_pairs(way):
                fixed += 1
                yield self._new_id(), str(way.kind), source, target
        rest, parts = count - fixed, sum(way.parts for way in LOOSE)
        for way in LOOSE[1:]:
            share = rest * way.parts // parts
            count -= share
            yield from self._loose(way, share)
        yield from self._loose(LOOSE[0], count - fixed)

    def _fixed_pairs(self, way: Way) -> Iterator[tuple[str, str]]:
        if way.kind is RelationshipKind.SPECIALIZATION:
            for source in self._ids[way.source]:
                yield source, self._popular(way.target)
        else:
            for target in self._ids[way.target]:
                yield self._popular(way.source), target

    def _loose(self, way: Way, count: int) -> Iterator[tuple[str, ...]]:
        seen: set[tuple[str, str]] = set()
        for _ in range(count):
            for _ in range(TRIES_PER_PAIR_MAX):
                # Whoever uses is anybody; what is used is popular.
                pair = self._popular(way.source), self._one_of(self._ids[way.target])
                if way.kind is not RelationshipKind.SERVING:
                    pair = self._one_of(self._ids[way.source]), self._popular(way.target)
                if pair not in seen and pair[0] != pair[1]:
                    break
            else:
                raise InvalidInput("So many relationships do not fit between so few elements.")
            seen.add(pair)
        for source, target in sorted(seen):  # neighbours in the index are written together
            yield self._new_id(), str(way.kind), source, target

    def _popular(self, kind: ElementKind) -> str:
        ids = self._ids[kind]
        return ids[int(len(ids) * self._random.random() ** SKEW)]

    def _one_of(self, values: Sequence[T]) -> T:
        return values[int(len(values) * self._random.random())]

    def _attrs(self, kind: ElementKind, office: str) -> str:
        match kind:
            case ElementKind.SYSTEM:
                return f'{{"owner": "{office} office", "lifecycle": "{self._one_of(LIFECYCLES)}"}}'
            case ElementKind.INTERFACE:
                return f'{{"protocol": "{self._one_of(PROTOCOLS)}"}}'
            case ElementKind.DATA_SET:
                return '{"personal_data": %s}' % (
                    "true" if self._random.random() < 0.5 else "false"
                )
        return "{}"

    def _new_id(self) -> str:
        """Return an id that looks and sorts like any other of ours, but follows from the seed."""
        self._made += 1
        value = (FIRST_MOMENT_MILLISECONDS + self._made) << 80 | self._random.getrandbits(76)
        return f"{value & ~(0x3 << 62) | (0x7 << 76) | (0x2 << 62):032x}"
