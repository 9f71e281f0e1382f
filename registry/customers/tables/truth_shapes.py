"""What the columns of somebody's cross-reference table are: told by names, else by values.

Three shapes are read: a line per record with the id of its customer (long), a line per pair of
records (pairs), and a line per customer with a column per data set (wide). Links that a table
brings stand above every model, so nothing is guessed where two readings fit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from registry.customers.live.known_records import KnownRecords, Place
from schemas.errors import InvalidInput

Row = Sequence[str]
# Rows by whose values columns are known.
SAMPLE_ROWS = 1_000
# From this share on a column holds what most of its values are; below the other it holds none.
MOST, HARDLY_ANY = 0.5, 0.05
COLUMNS_NAMED_MAX = 20


class ShapeName(StrEnum):
    """How a table says who is one customer."""

    LONG = "long"
    PAIRS = "pairs"
    WIDE = "wide"


@dataclass(frozen=True)
class Long:
    """A line per record: columns of its data set (None where none says it), key and id."""

    source: int | None
    key: int
    golden: int


@dataclass(frozen=True)
class Pairs:
    """A line per pair: columns of data set and key on both sides, and of a score, if any."""

    left: tuple[int | None, int]
    right: tuple[int | None, int]
    score: int | None


@dataclass(frozen=True)
class Wide:
    """A line per customer: data set by column (empty where keys must tell it), and its id's."""

    keys: Mapping[int, str]
    golden: int | None


Shape = Long | Pairs | Wide

_SOURCE_WORDS: Final = """
source datasource dataset sourcedataset system sourcesystem sourcename bron bronsysteem quelle
quellsystem systeem
"""
_KEY_WORDS: Final = """
key recordid record recordkey recid sourcekey sourceid localid uniqueid id rowid sleutel
bronsleutel schluessel schlüssel
"""
_GOLDEN_WORDS: Final = """
golden goldenid goldenrecord goldenrecordid master masterid clusterid cluster zcluster zinggid
zinggclusterid mdmid entityid resolvedentityid canonicalid globalid enterpriseid masterkey
"""
_SOURCES, _KEYS, _GOLDENS = (
    frozenset(words.split()) for words in (_SOURCE_WORDS, _KEY_WORDS, _GOLDEN_WORDS)
)
# A probability says more than a weight, so it comes first.
_SCORES: Final = (
    "matchprobability", "probability", "clericalmatchscore", "score", "confidence",
    "confidencescore", "matchweight", "matchweightbits", "weight", "mw",
)  # fmt: skip
_SIDES: Final = (("l", "r"), ("left", "right"), ("1", "2"), ("a", "b"), ("one", "two"))
# Behind the name of a data set, in a column of its keys.
_ENDS: Final = ("id", "key", "recordid", "nr", "no", "number", "sleutel", "nummer", "code")


def plain(name: str) -> str:
    """Return a name without case, blanks and signs."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def shape_by_names(
    names: Row, known: KnownRecords, *, wanted: ShapeName | None, given: bool
) -> Shape | None:
    """Return what names of columns tell, if they tell it.

    Args:
        names: The first row.
        known: Data sets of the town.
        wanted: The only shape that will do; None for whichever fits.
        given: The data set of all records is told beside the table.

    Raises:
        InvalidInput: Several columns are called alike.
    """
    if wanted in (None, ShapeName.PAIRS) and (pairs := _pairs_by_names(names)):
        return pairs
    if wanted in (None, ShapeName.LONG) and (long := _long_by_names(names, given=given)):
        return long
    if wanted in (None, ShapeName.WIDE) and not given:
        return _wide_by_names(names, known)
    return None


def _pairs_by_names(names: Row) -> Pairs | None:
    for sides in _SIDES:
        keys = [_of_side(names, side, _KEYS) for side in sides]
        if any(len(found) != 1 for found in keys):
            continue
        sources = [_of_side(names, side, _SOURCES) for side in sides]
        if all(len(found) == 1 for found in sources):
            left, right = ((source[0], key[0]) for source, key in zip(sources, keys, strict=True))
            return Pairs(left, right, _score(names))
        return Pairs((None, keys[0][0]), (None, keys[1][0]), _score(names))
    return None


def _of_side(names: Row, side: str, usual: frozenset[str]) -> list[int]:
    """Return columns such as `unique_id_l`, `left id` and `id1`."""
    whole = [plain(name) for name in names]
    return [
        place
        for place, name in enumerate(whole)
        if (name.endswith(side) and name.removesuffix(side) in usual)
        or (name.startswith(side) and len(side) > 1 and name.removeprefix(side) in usual)
    ]


def _score(names: Row) -> int | None:
    whole = [plain(name) for name in names]
    return next((whole.index(name) for name in _SCORES if name in whole), None)


def _long_by_names(names: Row, *, given: bool) -> Long | None:
    goldens, keys = (_called(names, usual) for usual in (_GOLDENS, _KEYS))
    if not goldens or not keys:
        return None
    sources = [] if given else _called(names, _SOURCES)
    for what, found in (("golden", goldens), ("key", keys), ("source", sources)):
        if len(found) > 1:
            raise InvalidInput(
                f"The table has {len(found)} columns that tell the {what}; it needs one.",
                remedy=f"Name it with --{what} COLUMN; there are: {shown(names)}.",
            )
    return Long(sources[0] if sources else None, keys[0], goldens[0])


def _called(names: Row, usual: frozenset[str]) -> list[int]:
    return [place for place, name in enumerate(names) if plain(name) in usual]


def _wide_by_names(names: Row, known: KnownRecords) -> Wide | None:
    keys = {
        place: source for place, name in enumerate(names) if (source := _source_in(name, known))
    }
    goldens = [place for place in _called(names, _GOLDENS | _KEYS) if place not in keys]
    if len(keys) < 2 or len(goldens) > 1:
        return None
    return Wide(keys, goldens[0] if goldens else None)


def _source_in(name: str, known: KnownRecords) -> str:
    """Return the data set in the name of a column such as `CRM`, `crm_id` or `crm customer id`."""
    if known.is_source(name):
        return name
    for end in _ENDS:
        if name.casefold().endswith(end):
            start = name[: -len(end)].rstrip(" _-.")
            if start and known.is_source(start):
                return start
    return ""


def shape_by_roles(names: Row, roles: Mapping[str, str], *, given: bool) -> Long:
    """Return the long shape whose columns somebody named.

    Args:
        names: The first row.
        roles: Column by source, key or golden: its name, or its number from 1.
        given: The data set of all records is told beside the table.

    Raises:
        InvalidInput: There is no such column, one that is needed is not named, or two are one.
    """
    places: dict[str, int] = {}
    sources = frozenset[str]() if given else _SOURCES
    for role, usual in (("source", sources), ("key", _KEYS), ("golden", _GOLDENS)):
        said = roles.get(role)
        fits = [
            place
            for place, name in enumerate(names)
            if (name == said or str(place + 1) == said if said else plain(name) in usual)
        ]
        if not fits and role == "source" and said is None:
            continue
        if len(fits) != 1:
            which = f"called {said}" if said else f"that tell the {role}"
            raise InvalidInput(
                f"The table has {len(fits)} columns {which}; it needs one.",
                remedy=f"Name it with --{role} COLUMN; there are: {shown(names)}.",
            )
        places[role] = fits[0]
    if len(set(places.values())) < len(places):
        raise InvalidInput("One column cannot be two things; name three different ones.")
    return Long(places.get("source"), places["key"], places["golden"])


def shown(names: Row) -> str:
    """Return names of columns for a message."""
    more = "" if len(names) <= COLUMNS_NAMED_MAX else f" and {len(names) - COLUMNS_NAMED_MAX} more"
    return (", ".join(names[:COLUMNS_NAMED_MAX]) or "none") + more


@dataclass(frozen=True)
class _Columns:
    """What columns hold, by their values."""

    sources: list[int]
    keys: list[int]
    others: list[int]
    unclear: list[int]


def shape_by_values(
    rows: Sequence[Row], known: KnownRecords, *, wanted: ShapeName | None, source: str | None
) -> Shape | None:
    """Return what values tell: names of data sets, keys of records that are here, and others.

    Args:
        rows: The first rows with values.
        known: The town's data sets and records.
        wanted: The only shape that will do; None for whichever fits.
        source: The data set of all records, where it is told.
    """
    columns = _columns_of(rows, known, source)
    keys, sources, others = columns.keys, columns.sources, columns.others
    if columns.unclear or not keys:
        return None
    fits: dict[ShapeName, Shape] = {}
    if len(keys) == 1 and len(sources) <= 1 and len(others) == 1:
        fits[ShapeName.LONG] = Long(sources[0] if sources else None, keys[0], others[0])
    if len(keys) == 2 and len(sources) in (0, 2):
        left, right = zip(sources or (None, None), keys, strict=True)
        # Two columns of bare numbers may as well be key and id, both of which are keys here.
        if sources or wanted or not all(_is_number(row[place]) for row in rows for place in keys):
            fits[ShapeName.PAIRS] = Pairs(left, right, None)
    if not sources and source is None and (len(keys) > 2 or (keys[1:] and wanted)):
        fits[ShapeName.WIDE] = Wide(
            dict.fromkeys(keys, ""), others[0] if len(others) == 1 else None
        )
    return fits.get(wanted) if wanted else next(iter(fits.values()), None)


def _columns_of(rows: Sequence[Row], known: KnownRecords, source: str | None) -> _Columns:
    found = _Columns([], [], [], [])
    sample = rows[:SAMPLE_ROWS]
    for place in range(len(sample[0]) if sample else 0):
        values = {row[place] for row in sample} - {""}
        if not values:
            continue
        asked = known.find(Place(source or "", value) for value in values)
        share = (len(asked.records) + len(asked.unclear)) / len(values)
        if sum(map(known.is_source, values)) > MOST * len(values):
            found.sources.append(place)
        elif share > MOST:
            found.keys.append(place)
        else:
            (found.others if share <= HARDLY_ANY else found.unclear).append(place)
    return found


def _is_number(value: str) -> bool:
    return not value or value.isdigit()
