"""How the live model sees one record: what is compared, blocking keys, words it is found by."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from registry.customers.live.index import Live, stored_keys
from registry.customers.live.seen import Seen
from registry.customers.live.words import words_of
from registry.customers.matching.features import Features, content_of, features_of
from registry.customers.matching.kept_features import line_of
from registry.storage.copying import array_of, as_bigint
from schemas.records import CustomerKind

KINDS = {kind.value: kind for kind in CustomerKind}


class Look(NamedTuple):
    """One record as the live model sees it.

    Attributes:
        row: What is kept of it, its component aside.
        features: Comparison columns.
        keys: Blocking keys as PostgreSQL holds them, in order.
        words: The words by which it is found.
    """

    row: Seen
    features: Features
    keys: list[int]
    words: set[str]


def look(live: Live, clean: Mapping[str, Any]) -> Look:
    """Look at a clean record that has `source` and `place`."""
    kind = KINDS[clean["kind"]]
    seer = live.weighers[kind].seer
    features = features_of(clean, kind)
    seen = seer.see(features)
    keys = stored_keys(seer.keys(seen), kind)
    row = Seen(
        clean["record_id"],
        clean["kind"],
        clean["place"],
        as_bigint(content_of(features, kind)),
        line_of(seen, kind),
        array_of(keys),
    )
    return Look(row, seen, keys, words_of(features, kind))
