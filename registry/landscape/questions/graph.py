"""A landscape as columns and index arrays: what every question is asked of.

A model file and the hub's database become the same graph, so each question is written once. Nodes
are numbers; their names, kinds and properties stand beside them in columns.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from schemas.errors import InvalidInput, UnknownName
from schemas.landscape_kinds import RelationshipKind

Indices = NDArray[np.int32]
Facts = Mapping[str, tuple[str, ...]]

KINDS: Final = tuple(RelationshipKind)
CODE_OF: Final[Mapping[str, int]] = {kind.value: code for code, kind in enumerate(KINDS)}
RELATIONSHIP_NODE: Final = "relationship"
NAMES_SHOWN_MAX = 5  # enough to see what was meant

_NOTHING: Facts = {}


class AmbiguousName(InvalidInput):
    """Several elements have the name that was given."""

    code = "ambiguous_name"
    remedy = "Give the id or URN instead; the message lists them."


class Ways(Struct, frozen=True):
    """Neighbours of every node in one direction, as compressed rows.

    Args:
        starts: Where the row of each node begins; one more entry than there are nodes.
        nodes: Neighbours, row after row.
        edges: The relationship each neighbour is reached by.
    """

    starts: Indices
    nodes: Indices
    edges: Indices

    @staticmethod
    def of(origins: Indices, ends: Indices, edges: Indices, size: int) -> "Ways":
        """Sort relationships by where they begin."""
        order = np.argsort(origins, kind="stable")
        starts = np.zeros(size + 1, np.int32)
        np.cumsum(np.bincount(origins, minlength=size), out=starts[1:])
        return Ways(starts, ends[order], edges[order])

    def row(self, node: int) -> tuple[Indices, Indices]:
        """Return one node's neighbours and the relationships to them."""
        here = slice(self.starts[node], self.starts[node + 1])
        return self.nodes[here], self.edges[here]

    def places(self, frontier: Indices) -> tuple[Indices, Indices]:
        """Return where the rows of many nodes lie, one after the other, and how long each is."""
        begins = self.starts[frontier]
        counts = self.starts[frontier + 1] - begins
        ends = np.cumsum(counts, dtype=np.int32)
        places = np.repeat(begins - (ends - counts), counts)
        places += np.arange(len(places), dtype=np.int32)
        return places, counts

    @property
    def bytes(self) -> int:
        """How much memory the arrays take."""
        return self.starts.nbytes + self.nodes.nbytes + self.edges.nbytes


class Columns(Struct, kw_only=True):
    """What a graph is made of; all sequences of one group have the same length.

    Args:
        keys: Identity of each node: id of the model file, or UUID.
        aliases: A second identity people use: Object ID of a model, or URN; may be empty.
        kinds: Kind of each node, e.g. system; relationships that are ends count as nodes.
        names: Name of each node, as people say it.
        facts: Gives a node's properties by name, folded.
        properties: Gives a node's properties as they are written.
        descriptions: Gives a node's description.
        sources: Node each relationship leaves.
        targets: Node each relationship reaches.
        codes: Kind of each relationship, as its place in KINDS.
        modes: Access: 1 reads, 2 writes, 0 or 3 both; 0 for other kinds.
        edge_keys: Gives a relationship's own identity.
        edge_facts: Gives a relationship's properties by name, folded.
        edge_names: Gives a relationship's name, mostly none.
    """

    keys: Sequence[str]
    aliases: Sequence[str]
    kinds: Sequence[str]
    names: Sequence[str]
    facts: Callable[[int], Facts]
    properties: Callable[[int], list[tuple[str, str]]]
    descriptions: Callable[[int], str]
    sources: Indices
    targets: Indices
    codes: NDArray[np.int8]
    modes: NDArray[np.int8]
    edge_keys: Callable[[int], str]
    edge_facts: Callable[[int], Facts]
    edge_names: Callable[[int], str]


class LandscapeGraph:
    """One landscape at one moment; never changes, so threads may share it.

    Args:
        columns: What it is made of.
    """

    def __init__(self, columns: Columns) -> None:
        self.columns = columns
        self.keys, self.names, self.kinds = columns.keys, columns.names, columns.kinds
        self.sources, self.targets, self.codes = columns.sources, columns.targets, columns.codes
        self.size = len(columns.keys)
        # Answers that hold as long as the graph does; each question names its own by a key.
        self.memo: dict[object, Any] = {}

    @cached_property
    def forward(self) -> Ways:
        """From source to target."""
        return Ways.of(self.sources, self.targets, self._all_edges(), self.size)

    @cached_property
    def reverse(self) -> Ways:
        """From target to source."""
        return Ways.of(self.targets, self.sources, self._all_edges(), self.size)

    @cached_property
    def kind_codes(self) -> tuple[dict[str, int], NDArray[np.int16]]:
        """Kinds by number, and the number of every node's kind."""
        numbers: dict[str, int] = {}
        codes = (numbers.setdefault(kind, len(numbers)) for kind in self.kinds)
        return numbers, np.fromiter(codes, np.int16, self.size)

    @cached_property
    def _by_key(self) -> dict[str, int]:
        return {key: node for node, key in enumerate(self.keys)}

    @cached_property
    def _by_alias(self) -> dict[str, int]:
        return {alias: node for node, alias in enumerate(self.columns.aliases) if alias}

    @cached_property
    def _by_name(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for node, name in enumerate(self.names):
            if self.kinds[node] != RELATIONSHIP_NODE:
                found.setdefault(name.casefold(), []).append(node)
        return found

    def _all_edges(self) -> Indices:
        return np.arange(len(self.sources), dtype=np.int32)

    def of_kinds(self, *kinds: str) -> Indices:
        """Return the nodes of these kinds, in their order."""
        numbers, codes = self.kind_codes
        wanted = [numbers[kind] for kind in kinds if kind in numbers]
        return np.flatnonzero(np.isin(codes, wanted)).astype(np.int32)

    def facts(self, node: int) -> Facts:
        """Return a node's properties by folded name."""
        return self.columns.facts(node)

    def description(self, node: int) -> str:
        """Return what a node is for."""
        return self.columns.descriptions(node)

    def edge_facts(self, edge: int) -> Facts:
        """Return a relationship's properties by folded name."""
        return self.columns.edge_facts(edge)

    def edge_name(self, edge: int) -> str:
        """Return a relationship's name; mostly none."""
        return self.columns.edge_names(edge)

    def value(self, node: int, names: Iterable[str]) -> str:
        """Return the first value a node has under any of these folded names, or nothing."""
        return first_value(self.facts(node), names)

    def with_key(self, key: str) -> int | None:
        """Return the node with this identity, its own or its second one."""
        found = self._by_key.get(key)
        return self._by_alias.get(key) if found is None else found

    def with_name(self, name: str) -> Sequence[int]:
        """Return the elements with this name, in whatever case."""
        return self._by_name.get(name.strip().casefold(), ())

    def find(self, said: str) -> int:
        """Return the element somebody means by an id, a URN or a name.

        Raises:
            UnknownName: There is none; the message says what sounds like it.
            AmbiguousName: The name is that of several.
        """
        node = self.with_key(said)
        if node is not None:
            return node
        found = self.with_name(said)
        if len(found) == 1:
            return found[0]
        if found:
            shown = ", ".join(f"{self.kinds[n]} {self.keys[n]}" for n in found[:NAMES_SHOWN_MAX])
            raise AmbiguousName(f"{len(found)} elements are called {said!r}: {shown}.")
        near = self._names_with(said)
        hint = f" Did you mean {'; '.join(near)}?" if near else ""
        raise UnknownName(
            f"There is no element {said!r}.{hint}",
            remedy="Give its id, its URN or its whole name; `townclerk landscape search` finds it.",
        )

    def _names_with(self, said: str) -> list[str]:
        part = said.strip().casefold()
        found = (self.names[nodes[0]] for name, nodes in self._by_name.items() if part in name)
        return sorted(found)[:NAMES_SHOWN_MAX] if part else []

    def outgoing(self, node: int, kind: RelationshipKind) -> Iterator[tuple[int, int]]:
        """Yield target and relationship of every relationship of a kind that leaves a node."""
        yield from self._along(self.forward, node, kind)

    def incoming(self, node: int, kind: RelationshipKind) -> Iterator[tuple[int, int]]:
        """Yield source and relationship of every relationship of a kind that reaches a node."""
        yield from self._along(self.reverse, node, kind)

    def _along(self, ways: Ways, node: int, kind: RelationshipKind) -> Iterator[tuple[int, int]]:
        nodes, edges = ways.row(node)
        code = CODE_OF[kind]
        for there, edge in zip(nodes.tolist(), edges.tolist(), strict=True):
            if self.codes[edge] == code:
                yield there, edge


def folded(name: str) -> str:
    """Return a property's name as graphs know it: whatever case, blanks for underscores."""
    return name.casefold().replace("_", " ").strip()


def first_value(facts: Facts, names: Iterable[str]) -> str:
    """Return the first value under any of these folded names, or nothing."""
    for name in names:
        for value in facts.get(name, ()):
            if value:
                return value
    return ""


def no_facts(_index: int) -> Facts:
    """Return no properties."""
    return _NOTHING
