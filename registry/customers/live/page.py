"""What one page of records changes, gathered step by step, and the evidence it needs."""

import math
from collections.abc import Collection, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

import duckdb
import numpy as np
import psycopg
from numpy.typing import NDArray

from registry.customers.live.guessing import Guess
from registry.customers.live.holders import AskedKeys
from registry.customers.live.index import Live, ask_decisions, read_decisions, source_of
from registry.customers.live.keys import KeyMoves
from registry.customers.live.looking import KINDS, Look
from registry.customers.live.seen import Seen
from registry.customers.live.survivorship import SURVIVORSHIP, Survivorship
from registry.customers.live.words import RememberedWords
from registry.customers.matching import pairwise
from registry.customers.matching.engine import open_engine
from registry.customers.matching.features import Features
from registry.customers.matching.kept_features import features_from
from registry.customers.matching.pairwise import Weighed, Weigher
from registry.storage.copying import array_of
from schemas.records import CustomerKind

Clean = Mapping[str, Any]
Pairs = NDArray[np.int64]


class Link(NamedTuple):
    """Whose record it is: a row of customer_link.

    Attributes:
        customer: Id of the customer, as text.
        rule: Why, as LinkRule has it.
        weight_bits: Its strongest evidence; None where it stands alone.
    """

    customer: str
    rule: str
    weight_bits: float | None


class FeatureShelf(dict[int, Features]):
    """Comparison columns by record, read from what is kept when they are first looked at.

    A large page is weighed in DuckDB, which reads that by itself.

    Attributes:
        lines: What is kept of them.
        kinds: Kind of every record that is looked at.
        places: Order of records, which decides draws.
    """

    def __init__(self) -> None:
        """Begin empty."""
        super().__init__()
        self.lines: dict[int, str] = {}
        self.kinds: dict[int, CustomerKind] = {}
        self.places: dict[int, str] = {}

    def __missing__(self, record: int) -> Features:
        """Read one record's columns."""
        source = source_of(self.places[record])
        found = features_from(self.lines[record], source, self.kinds[record])
        self[record] = found
        return found


class PageEngine:
    """A DuckDB for one page, opened when it is first asked for; most pages need none."""

    def __init__(self) -> None:
        """Begin closed."""
        self._open = ExitStack()
        self._session: duckdb.DuckDBPyConnection | None = None

    def session(self) -> duckdb.DuckDBPyConnection:
        """Return the session."""
        if self._session is None:
            self._session = self._open.enter_context(open_engine(in_memory=True, threads=1))
        return self._session

    def __enter__(self) -> Self:
        """Use it until the end of the block."""
        return self

    def __exit__(self, *raised: object) -> None:
        """Close the session, and with it forget what it holds."""
        self._open.close()


@dataclass
class Delta:
    """What one page changes, gathered step by step.

    Attributes:
        engine: Where many records and pairs are looked at.
        cleaned: Clean form of the records that are at hand, with source and place.
        gone: Records that leave, or whose content or kind changes.
        touched: Records whose edges are found anew.
        unwritten: Rows of match_record that are still to be written, by record.
        components: Components that lose or gain a record.
        contents: Digests of content whose copies are counted anew.
        crowded: Those of them that more records share than are looked at.
        any_aside: Whether any copy in this town was set aside before the page.
        old_keys: Blocking keys that records which leave or change hold in the table, by record.
        key_moves: What becomes of the keys in the table; written when holders have been asked.
        asked_keys: Keys whose holders were asked for while later records were looked at.
        words: Words of the records of the page that are still to be kept.
        remembered: Those on their way.
        guess: What was asked before it was known what changes, where that was guessed right.
        keys_of: Blocking keys of the touched records.
        features: Comparison columns of those that are weighed.
        former: How records were linked before the page.
        fresh: Records that were not matched before the page.
        rules: How golden values are chosen.
        is_decided: Whether stewards decided anything in this town that stands.
        component_of: Component of the records that were there before, None for copies set aside.
        weighed: Evidence found on the way, by pair with the smaller id first.
        edges: Edges of touched records, still to be written.
        linked: Those of them that link, by pair.
    """

    engine: PageEngine
    cleaned: dict[int, Clean] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)
    touched: set[int] = field(default_factory=set)
    unwritten: dict[int, Seen] = field(default_factory=dict)
    components: set[int] = field(default_factory=set)
    contents: set[int] = field(default_factory=set)
    crowded: set[int] = field(default_factory=set)
    any_aside: bool = True
    old_keys: dict[int, list[int]] = field(default_factory=dict)
    key_moves: KeyMoves = field(default_factory=KeyMoves)
    asked_keys: AskedKeys = field(default_factory=AskedKeys)
    words: dict[int, Collection[str]] = field(default_factory=dict)
    remembered: list[RememberedWords] = field(default_factory=list)
    guess: Guess | None = None
    keys_of: dict[int, list[int]] = field(default_factory=dict)
    features: FeatureShelf = field(default_factory=FeatureShelf)
    former: dict[int, Link] = field(default_factory=dict)
    fresh: set[int] = field(default_factory=set)
    rules: tuple[Survivorship, ...] = SURVIVORSHIP
    is_decided: bool = True
    component_of: dict[int, int | None] = field(default_factory=dict)
    weighed: dict[tuple[int, int], Weighed] = field(default_factory=dict)
    edges: list[Weighed] = field(default_factory=list)
    linked: dict[tuple[int, int], Weighed] = field(default_factory=dict)

    @property
    def kinds(self) -> dict[int, CustomerKind]:
        """Kind of every record that is looked at."""
        return self.features.kinds

    @property
    def places(self) -> dict[int, str]:
        """Order of records, which decides draws."""
        return self.features.places

    def keep_words(self, db: psycopg.Connection) -> None:
        """Keep words that are still to be kept; inside a pipeline this does not wait."""
        if self.words:
            self.remembered.append(RememberedWords(db, self.words))
            self.words = {}

    def see(self, look: Look) -> None:
        """Keep how the live model sees a record of the page."""
        row, features, keys, words = look
        record = row.record_id
        self.unwritten[record] = row
        self.note(record, row.kind, row.place, None, row.features)
        self.features[record] = features
        self.keys_of[record] = keys
        self.key_moves.move(record, self.old_keys.get(record, ()), keys)
        self.words[record] = words
        self.contents.add(row.content)
        self.touched.add(record)

    def note(
        self, record: int, kind: str, place: str, component: int | None, features: str
    ) -> None:
        """Keep what match_record says of a record."""
        self.kinds[record], self.places[record] = KINDS[kind], place
        self.component_of[record] = component
        self.features.lines[record] = features


def note_links(db: psycopg.Connection, delta: Delta, records: Iterable[int]) -> None:
    """Learn how records were linked before the page."""
    for record, *link in db.execute(_LINKED, (array_of(records),)).fetchall():
        delta.former[record] = Link(*link)


_LINKED = """
SELECT record_id, customer_id::text, rule, weight_bits FROM customer_link
WHERE record_id = ANY(%s::bigint[])
"""


class Decisions:
    """What stewards decided about pairs with some records; asked when made, where any stands."""

    def __init__(
        self, db: psycopg.Connection, delta: Delta, components: Iterable[int] = ()
    ) -> None:
        """Ask about touched records and those of components; a pipeline does not wait."""
        self._asked = ask_decisions(db, delta.touched, components) if delta.is_decided else None

    def read(self) -> dict[tuple[int, int], bool]:
        """Return decisions by pair of records, the smaller id first: True links."""
        return read_decisions(self._asked) if self._asked is not None else {}


def note_features(db: psycopg.Connection, delta: Delta, records: Iterable[int]) -> None:
    """Learn kind, place, component and comparison columns of records that are not at hand."""
    features = delta.features
    missing = [one for one in records if one not in features.lines]
    rows = db.execute(_FEATURES, (array_of(missing),)).fetchall() if missing else ()
    if rows:
        found, kinds, places, components, lines = zip(*rows, strict=True)
        features.kinds.update(zip(found, map(KINDS.__getitem__, kinds), strict=True))
        features.places.update(zip(found, places, strict=True))
        features.lines.update(zip(found, lines, strict=True))
        delta.component_of.update(zip(found, components, strict=True))


_FEATURES = """
SELECT record_id, kind, place, component, features FROM match_record
WHERE record_id = ANY(%s::bigint[])
"""


def weigh_pairs(
    delta: Delta,
    live: Live,
    pairs: Pairs,
    decided: Mapping[tuple[int, int], bool],
    *,
    least_bits: float = -math.inf,
) -> list[Weighed]:
    """Weigh pairs of one kind each; what a steward decided stands above what the model says.

    Args:
        delta: Kinds, places and features of the records.
        live: The model in force.
        pairs: Rows of two records, the smaller id first; those of two kinds are passed over.
        decided: What stewards decided, by pair with the smaller id first.
        least_bits: Lighter pairs are left out where neither an identifier nor a steward holds them.
    """
    found: list[Weighed] = []
    if len(pairs) >= pairwise.BATCH_PAIRS_MIN:
        # A decision may hold a pair whatever it weighs, so those are not for the batch to drop.
        held = np.zeros(len(pairs), dtype=np.bool_)
        if decided:
            held[:] = [pair in decided for pair in map(tuple, pairs.tolist())]
        found += _weigh_many(delta, live, pairs[~held], least_bits)
        delta.weighed |= {(min(p.left, p.right), max(p.left, p.right)): p for p in found}
        pairs = pairs[held]
    for one, other in pairs.tolist():
        pair = _weigh_one(delta, live, one, other)
        if pair is not None:
            found.append(_ruled(pair, decided) if decided else pair)
    return [pair for pair in found if pair.weight_bits >= least_bits or pair.by_identity]


def _ruled(pair: Weighed, decided: Mapping[tuple[int, int], bool]) -> Weighed:
    """Let a steward's decision on a pair stand above the model."""
    link = decided.get((min(pair.left, pair.right), max(pair.left, pair.right)))
    return pair if link is None else pair._replace(by_identity=link, apart=not link)


def _weigh_one(delta: Delta, live: Live, one: int, other: int) -> Weighed | None:
    """Weigh one pair, or say what it weighed before on this page; None where kinds differ."""
    known = delta.weighed.get((one, other))
    if known is not None:
        return known
    kind = delta.kinds.get(one)
    if kind is None or kind is not delta.kinds.get(other):
        return None
    left, right = (one, other) if delta.places[one] < delta.places[other] else (other, one)
    found = live.weighers[kind].weigh_one(left, right, delta.features)
    delta.weighed[one, other] = found
    return found


def _weigh_many(delta: Delta, live: Live, pairs: Pairs, least_bits: float) -> Iterable[Weighed]:
    """Weigh pairs of each kind at once."""
    ids, sides = np.unique(pairs, return_inverse=True)
    sides = sides.reshape(-1, 2)
    kinds = list(CustomerKind)
    known = [delta.kinds.get(record) for record in ids.tolist()]
    kind_of = np.array([-1 if kind is None else kinds.index(kind) for kind in known])
    for number, kind in enumerate(kinds):
        of_kind = kind_of == number
        chosen = sides[of_kind[sides].all(axis=1)]
        if len(chosen):
            weigher = live.weighers[kind]
            yield from _weigh_kind(delta, weigher, ids, chosen, least_bits)


def _weigh_kind(
    delta: Delta, weigher: Weigher, ids: NDArray[np.int64], sides: Pairs, least_bits: float
) -> Iterable[Weighed]:
    """Weigh pairs of one kind, given as places in `ids`; the lesser place by order is the left."""
    used, sides = np.unique(sides, return_inverse=True)
    sides = sides.reshape(-1, 2)
    records = ids[used].tolist()
    places = list(map(delta.places.__getitem__, records))
    rank = np.empty(len(records), dtype=np.int64)
    rank[sorted(range(len(records)), key=places.__getitem__)] = np.arange(len(records))
    turned = rank[sides[:, 0]] > rank[sides[:, 1]]
    sides[turned] = sides[turned][:, ::-1]
    return weigher.weigh_many(
        records,
        list(map(delta.features.lines.__getitem__, records)),
        list(map(source_of, places)),
        sides,
        least_bits=least_bits,
        con=delta.engine.session(),
    )
