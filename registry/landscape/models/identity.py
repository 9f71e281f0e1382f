"""Which object of a file is which object of ours, also after its authors gave it another id.

Three names are tried, the surest first: the exchange id, the object id that some reference
architectures give beside it, and kind with name. A name counts only where it leads from one object
to one object; where it leads to several, the pair is ambiguous and nobody guesses. Releases of the
register and comparisons of two files know things again by the same ladder.
"""

from collections.abc import Hashable, Iterable, Mapping
from enum import StrEnum
from typing import Generic, TypeVar

from msgspec import Struct, field

K = TypeVar("K", bound=Hashable)  # how one side knows its objects: an identity, or a file's id


class Scheme(StrEnum):
    """The names under which objects are known, the surest first."""

    EXCHANGE = "exchange"
    OBJECT = "object"
    NAME = "name"


OBJECT_ID_PROPERTY = "Object ID"

Names = Mapping[Scheme, Hashable]


class Matches(Struct, Generic[K]):
    """Who is who.

    Args:
        known: Our identity by exchange id, for objects that we have already.
        by: By which name each was known.
        ambiguous: Exchange ids whose names lead to several of ours, or several to one.
        gone: Ours that the file does not have.
    """

    known: dict[str, K] = field(default_factory=dict)
    by: dict[str, Scheme] = field(default_factory=dict)
    ambiguous: dict[str, list[K]] = field(default_factory=dict)
    gone: set[K] = field(default_factory=set)


def match(
    incoming: Mapping[str, Names], ours: Iterable[K], aliases: Iterable[tuple[str, Hashable, K]]
) -> Matches[K]:
    """Find each incoming object among ours.

    Args:
        incoming: Names by exchange id, in the order of the file.
        ours: All objects of one table that the model has now.
        aliases: Scheme, value and object, of these objects.
    """
    free = set(ours)
    lead: dict[tuple[str, Hashable], dict[K, None]] = {}
    for scheme, value, key in aliases:
        if key in free:
            lead.setdefault((scheme, value), {})[key] = None  # in order
    found: Matches[K] = Matches()
    for scheme in Scheme:
        _match_by(scheme, incoming, lead, free, found)
    found.gone = free
    found.ambiguous = {
        key: [one for one in candidates if one in left]
        for key, candidates in found.ambiguous.items()
        if key not in found.known and (left := set(candidates) & free)
    }
    return found


def _match_by(
    scheme: Scheme,
    incoming: Mapping[str, Names],
    lead: Mapping[tuple[str, Hashable], Iterable[K]],
    free: set[K],
    found: Matches[K],
) -> None:
    wanted: dict[K, list[str]] = {}
    for key, names in incoming.items():
        if key in found.known or scheme not in names:
            continue
        candidates = [one for one in lead.get((scheme, names[scheme]), ()) if one in free]
        if len(candidates) == 1:
            wanted.setdefault(candidates[0], []).append(key)
        elif candidates:
            found.ambiguous[key] = candidates
    for ours, keys in wanted.items():
        if len(keys) > 1:
            found.ambiguous.update({key: [ours] for key in keys})
            continue
        found.known[keys[0]] = ours
        found.by[keys[0]] = scheme
        free.discard(ours)
