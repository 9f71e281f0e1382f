"""Search: finds elements by name, alias and description, through typing errors and inflections.

Typing errors are forgiven by trigrams of the name, inflections by the stems of words in Dutch and
English. Both indexes are arrays beside the graph, so a question takes a few milliseconds.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import Any, Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from registry.landscape.questions.graph import RELATIONSHIP_NODE, Indices, LandscapeGraph

FOUND_MAX = 200
FOUND_DEFAULT = 20
QUERY_CHARACTERS_MAX = 200  # longer than any name people remember
DESCRIPTION_CHARACTERS_MAX = 1000  # what stands further down is seldom what it is about
# A name that shares fewer of the question's trigrams is another name.
SHARED_MIN = 0.5
# Whole words, as said or inflected, weigh more than any likeness of letters.
LETTERS_MIN = 4  # of a word that has endings to take off
STEM_IN_NAME, STEM_IN_DESCRIPTION, WHOLE_NAME = 1.0, 0.35, 1.0
_WORD: Final = re.compile(r"[^\W_]+")
_BLANK: Final = ord(" ")
_BITS = 21  # of a character in a trigram's code: Unicode ends below 2**21


class Found(Struct, frozen=True):
    """One element that was found; a higher score fits better."""

    key: str
    kind: str
    name: str
    description: str
    score: float


class _Postings(Struct, frozen=True):
    """Which nodes have which code, as sorted codes with rows of nodes."""

    codes: NDArray[np.int64]
    starts: Indices
    nodes: Indices

    def row(self, code: int) -> Indices:
        place = int(np.searchsorted(self.codes, code))
        if place == len(self.codes) or self.codes[place] != code:
            return self.nodes[:0]
        return self.nodes[self.starts[place] : self.starts[place + 1]]


class _Index(Struct, frozen=True):
    trigrams: _Postings
    sizes: NDArray[np.float32]
    names: _Postings
    descriptions: _Postings
    stems: dict[str, int]
    folded: list[str]


def search(
    graph: LandscapeGraph,
    question: str,
    *,
    kinds: Collection[str] = (),
    limit: int = FOUND_DEFAULT,
) -> list[Found]:
    """Return the elements a question means, the best first.

    Args:
        graph: The landscape.
        question: Words as people type them.
        kinds: Only these kinds; none means all.
        limit: Most answers, at most FOUND_MAX.
    """
    words = " ".join(words_of(question[:QUERY_CHARACTERS_MAX]))
    if not words:
        return []
    index = _index(graph)
    scores = _likeness(index, words, graph.size) + _meaning(index, words, graph.size)
    if kinds:
        admitted = np.zeros(graph.size, np.bool_)
        admitted[graph.of_kinds(*kinds)] = True
        scores[~admitted] = 0
    best = _best(scores, min(limit, FOUND_MAX), index, words)
    return [
        Found(
            graph.keys[node],
            graph.kinds[node],
            graph.names[node],
            graph.description(node),
            round(score, 3),
        )
        for score, node in sorted(best, key=lambda one: (-one[0], graph.names[one[1]], one[1]))
    ][: min(limit, FOUND_MAX)]


def _best(
    scores: NDArray[np.float32], limit: int, index: _Index, words: str
) -> list[tuple[float, int]]:
    hits = np.flatnonzero(scores > 0)
    spare = 4 * limit  # equal scores are told apart by name, so look at more than are shown
    if len(hits) > spare:
        hits = hits[np.argpartition(scores[hits], -spare)[-spare:]]
    return [
        (float(scores[node]) + (WHOLE_NAME if index.folded[node] == words else 0), int(node))
        for node in hits.tolist()
    ]


def _likeness(index: _Index, words: str, size: int) -> NDArray[np.float32]:
    """Return how many of the question's trigrams each name has, from 0 to 1."""
    codes = np.unique(_codes(_padded(words)))
    rows = [index.trigrams.row(code) for code in codes.tolist()]
    shared = np.bincount(np.concatenate(rows), minlength=size).astype(np.float32)
    scores = shared / np.float32(len(codes))
    scores[scores < SHARED_MIN] = 0
    # Of two names that have all of it, the shorter is closer.
    closeness = 1 + shared / np.maximum(index.sizes, 1)
    return (scores * closeness / 2).astype(np.float32)


def _meaning(index: _Index, words: str, size: int) -> NDArray[np.float32]:
    """Return how many of the question's words each element has, in whatever form."""
    scores = np.zeros(size, np.float32)
    asked = words.split()
    for word in asked:
        for postings, weight in (
            (index.names, STEM_IN_NAME),
            (index.descriptions, STEM_IN_DESCRIPTION),
        ):
            said = np.zeros(size, np.bool_)
            for stem in stems_of(word):
                if stem in index.stems:
                    said[postings.row(index.stems[stem])] = True
            scores[said] += weight / len(asked)
    return scores


def _index(graph: LandscapeGraph) -> _Index:
    if "search" not in graph.memo:
        graph.memo["search"] = _made(graph)
    kept: _Index = graph.memo["search"]
    return kept


def _made(graph: LandscapeGraph) -> _Index:
    folded = [
        "" if kind == RELATIONSHIP_NODE else " ".join(words_of(name))
        for name, kind in zip(graph.names, graph.kinds, strict=True)
    ]
    stems: dict[str, int] = {}
    aliases = graph.columns.aliases
    named = _posted(stems, (f"{name} {alias}" for name, alias in zip(folded, aliases, strict=True)))
    described = _posted(
        stems, (graph.description(n)[:DESCRIPTION_CHARACTERS_MAX] for n in range(graph.size))
    )
    trigrams = _trigrams(folded)
    sizes = np.bincount(trigrams.nodes, minlength=graph.size).astype(np.float32)
    return _Index(trigrams, sizes, named, described, stems, folded)


def _posted(stems: dict[str, int], texts: Iterable[str]) -> _Postings:
    """Number the stems of each text."""
    codes: list[int] = []
    nodes: list[int] = []
    for node, text in enumerate(texts):
        found = {stem for word in words_of(text) for stem in stems_of(word)}
        codes += [stems.setdefault(stem, len(stems)) for stem in found]
        nodes += [node] * len(found)
    return _postings(np.array(codes, np.int64), np.array(nodes, np.int32))


def _trigrams(folded: list[str]) -> _Postings:
    """Cut all names into trigrams at once."""
    padded = [_padded(words) for words in folded]
    lengths = np.fromiter(map(len, padded), np.int64, len(padded))
    owners = np.repeat(np.arange(len(padded), dtype=np.int32), lengths)
    codes = _codes("".join(padded))
    if not len(codes):
        return _postings(codes, owners[:0])
    # A trigram that begins in one name and ends in the next belongs to nobody.
    own = owners[:-2] == owners[2:]
    return _postings(codes[own], owners[:-2][own])


def _postings(codes: NDArray[np.int64], nodes: Indices) -> _Postings:
    """Sort by code, then node, and keep each pair once."""
    order = np.lexsort((nodes, codes))
    codes, nodes = codes[order], nodes[order]
    if len(codes):
        fresh = np.ones(len(codes), np.bool_)
        fresh[1:] = (codes[1:] != codes[:-1]) | (nodes[1:] != nodes[:-1])
        codes, nodes = codes[fresh], nodes[fresh]
    unique, first = np.unique(codes, return_index=True)
    return _Postings(unique, np.append(first, len(codes)).astype(np.int32), nodes)


def _padded(words: str) -> str:
    """Return words with blanks around them, so that beginnings count more than middles."""
    return f"  {words.replace(' ', '  ')} " if words else ""


def _codes(text: str) -> NDArray[np.int64]:
    """Return the trigrams of a text as numbers; those across two words as they stand."""
    signs = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.int64)
    if len(signs) < 3:
        return np.empty(0, np.int64)
    return (signs[:-2] << 2 * _BITS) | (signs[1:-1] << _BITS) | signs[2:]


def words_of(text: str) -> list[str]:
    """Return a text's words in small letters, without accents."""
    if not text.isascii():
        apart = unicodedata.normalize("NFKD", text)
        text = "".join(sign for sign in apart if not unicodedata.combining(sign))
    return _WORD.findall(text.casefold())


@lru_cache(maxsize=1)
def _stemmers() -> tuple[Any, ...]:
    # It loads thirty languages, which only those who search wait for.
    import snowballstemmer

    return tuple(snowballstemmer.stemmer(language) for language in ("dutch", "english"))


@lru_cache(maxsize=200_000)
def stems_of(word: str) -> frozenset[str]:
    """Return a word's stems in Dutch and in English; numbers and short words are their own."""
    if len(word) < LETTERS_MIN or not word.isalpha():
        return frozenset((word,))
    return frozenset(stemmer.stemWord(word) for stemmer in _stemmers())
