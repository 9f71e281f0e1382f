"""Which reference leads where: the document as a graph of unique nodes, never an expanded tree.

A reference that leads into its own ancestors stays a reference, exactly where Spectral's resolver
leaves one, because rules see what it left. Targets outside the document are never followed.

Source: @stoplight/json-ref-resolver 3.1.6, whose order of work decides about chains and cycles.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from registry.compliance.document import Document
from registry.compliance.parsing.tree import ABSENT, Tree, array_index
from registry.compliance.pointers import escape, names_of

REFERENCES_MAX = 200_000  # the largest public document has 20,000
CHAIN_STEPS_MAX = 10_000  # references to references to references: then only direct ones count


@dataclass(frozen=True, slots=True)
class BadReference:
    """A reference that leads nowhere we go."""

    path: tuple[str, ...]
    message: str


@dataclass(slots=True)
class References:
    """What became of the references of one document.

    Attributes:
        sites: Rows that hold a reference as written, in document order.
        targets: Row of a reference to the row it stands for; unresolved ones are not in it.
        dangling: Row of a reference to the names of the local target that does not exist.
        outside: Rows whose reference leaves the document.
        used: Every local target, as a decoded pointer, that counts as referenced.
        bad: References to report.
    """

    sites: list[int] = field(default_factory=list)
    targets: dict[int, int] = field(default_factory=dict)
    dangling: dict[int, tuple[str, ...]] = field(default_factory=dict)
    outside: set[int] = field(default_factory=set)
    used: set[tuple[str, ...]] = field(default_factory=set)
    bad: list[BadReference] = field(default_factory=list)


def find_references(document: Document) -> References:
    """Resolve all references of a document.

    Args:
        document: The parsed document; nothing else is read and nothing is fetched.

    Returns:
        The references; bad ones in the order in which Spectral meets them.
    """
    return _Resolution(document).run()


def reference_sites(tree: Tree) -> list[int]:
    """Return the rows that hold a `$ref`, leaving out those below another `$ref`."""
    dead = _dead_rows(tree)
    sites: list[int] = []
    after = 0
    for row, key in enumerate(tree.keys):
        if key != "$ref" or row < after or not isinstance(tree.values[row], str):
            continue
        site = tree.parents[row]
        inside = tree.children[site] if site != ABSENT else None
        if not isinstance(inside, dict) or inside.get("$ref") != row or site in dead:
            continue
        sites.append(site)
    sites.sort()
    outermost: list[int] = []
    for site in sites:
        if site >= after:
            outermost.append(site)
            after = tree.ends[site]
    return outermost[:REFERENCES_MAX]


def _dead_rows(tree: Tree) -> set[int]:
    return {row for start, end in tree.holes for row in range(start, end)}


def _script_order(tree: Tree, row: int) -> list[tuple[int, int]]:
    """Sort key of a row in ECMAScript's order of keys: whole numbers first, then as written."""
    order: list[tuple[int, int]] = []
    while row > 0:
        key = tree.keys[row]
        index = array_index(key) if isinstance(key, str) else None
        order.append((1, row) if index is None else (0, index))
        row = tree.parents[row]
    return order[::-1]


class _Resolution:
    """One run over one document; the names of methods follow the resolver's phases."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.tree = document.tree
        self.found = References()
        self.pointers: dict[str, tuple[str, ...]] = {}  # target pointer: its names
        self.rows: dict[str, int] = {}  # pointer of a reference's own place: its row
        self.edges: dict[str, list[str]] = {}  # place or target: targets, in order of discovery
        self.back: dict[str, list[str]] = {}
        self.stems: dict[tuple[str, ...], set[str]] = {}
        self.steps = 0
        self.paths: dict[int, tuple[str, ...]] = {}  # rows of references and their paths

    def run(self) -> References:
        found, tree = self.found, self.tree
        found.sites = reference_sites(tree)
        sites = found.sites
        if any(isinstance(key, str) and key.isdigit() for key in tree.keys):
            sites = sorted(sites, key=lambda row: _script_order(tree, row))
        for site in sites:
            self._meet(site)
        self._resolve()
        return found

    def _meet(self, site: int) -> None:
        reference = self._own_document(str(self.tree.values[site]["$ref"]))
        path = self.paths[site] = self.tree.path(site)
        if not reference.startswith("#"):
            self.found.outside.add(site)
            file = reference.partition("#")[0]
            words = f"'{file}' lies outside this document and is not followed"
            self._report(path, words)
            return
        try:
            names = names_of(reference)
        except ValueError:
            self._report((), f"'{reference}' JSON pointer is invalid")
            return
        if not names or path[: len(names)] == names:
            if not names:
                self.found.used.add(names)
            return
        place = "#" + "".join("/" + escape(name) for name in path)
        self.rows[place] = site
        self.pointers[reference] = names
        self.found.used.add(names)
        self._note_stems(path, place, reference, names)
        self._edge(place, reference)

    def _own_document(self, reference: str) -> str:
        """Return a reference to this very file as a local one."""
        name, mark, pointer = reference.partition("#")
        if name and mark and name.removeprefix("./") == self.document.source.rpartition("/")[2]:
            return "#" + pointer
        return reference.strip()

    def _report(self, path: tuple[str, ...], message: str) -> None:
        if all(bad.message != message for bad in self.found.bad):
            self.found.bad.append(BadReference((*path, "$ref"), message))

    def _edge(self, place: str, target: str) -> None:
        for node in (place, target):
            self.edges.setdefault(node, [])
            self.back.setdefault(node, [])
        if target not in self.edges[place]:
            self.edges[place].append(target)
        if place not in self.back[target]:
            self.back[target].append(place)

    def _note_stems(
        self, path: tuple[str, ...], place: str, target: str, names: tuple[str, ...]
    ) -> None:
        """Remember below which places this target is used, to recognise cycles later."""
        stem: tuple[str, ...] = ()
        tail: tuple[str, ...] = ()
        for step, name in enumerate(path):
            if step < len(names) and name == names[step]:
                stem = (*stem, name)
                continue
            tail = (*tail, name)
            owner = (*stem, *tail)
            pointer = "#/" + "/".join(owner)
            if pointer not in (place, target):
                self.stems.setdefault(names_of(pointer), set()).add(target)

    def _resolve(self) -> None:
        reach = _Reach(self.pointers, self.stems)
        for pointer in _post_order(self.edges, self._starts()):
            dependants = self._dependants(pointer)
            if not dependants:
                continue
            names = self.pointers[pointer]
            row = self._find(names)
            needed = reach.needed_by(pointer)
            for place in dependants:
                site = self.rows[place]
                path = self.paths[site]
                if needed and reach.closes_a_cycle(needed, path):
                    continue
                if row == ABSENT:
                    self.found.dangling[site] = names
                    self._report(path, f"'{pointer}' does not exist")
                else:
                    self.found.targets[site] = row

    def _dependants(self, pointer: str) -> list[str]:
        """Return the places that lead to a target, through others too while chains are sane."""
        direct = self.back[pointer]
        if self.steps > CHAIN_STEPS_MAX or not any(self.back[place] for place in direct):
            return direct
        found = [place for place in _post_order(self.back, [pointer]) if place != pointer]
        self.steps += len(found)
        return found

    def _starts(self) -> list[str]:
        free = [node for node in self.edges if not self.back[node]]
        return free + [node for node in self.edges if self.back[node]]

    def _find(self, names: Iterable[str]) -> int:
        targets, tree = self.found.targets, self.tree
        row = 0
        for name in names:
            below = tree.child(row, name)
            if below == ABSENT:
                return ABSENT
            row = targets.get(below, below)
        return row


def _post_order(edges: dict[str, list[str]], starts: Iterable[str]) -> Iterator[str]:
    """Depth-first, children before parents, each node once; cycles are cut where they close."""
    visited: set[str] = set()
    for start in starts:
        todo = [(start, False)]
        current: set[str] = set()
        while todo:
            node, processed = todo[-1]
            if processed:
                todo.pop()
                current.discard(node)
                if node not in visited:
                    visited.add(node)
                    yield node
            elif node in visited or node in current:
                todo.pop()
            else:
                current.add(node)
                todo[-1] = (node, True)
                todo.extend((below, False) for below in reversed(edges.get(node, ())))


class _Reach:
    """Which targets use which others below them, as bit sets."""

    def __init__(
        self, pointers: dict[str, tuple[str, ...]], stems: dict[tuple[str, ...], set[str]]
    ) -> None:
        self._bits: dict[tuple[str, ...], int] = {}
        for names in pointers.values():
            self._bits.setdefault(names, 1 << len(self._bits))
        below: dict[tuple[str, ...], set[tuple[str, ...]]] = {
            names: {pointers[target] for target in stems.get(names, ())} for names in self._bits
        }
        self._names = pointers
        self._reach = _closure(below, self._bits)

    def needed_by(self, pointer: str) -> int:
        """Return what a target itself needs, as a bit set; 0 for nothing."""
        names = self._names[pointer]
        return self._reach[names] & ~self._bits[names]

    def closes_a_cycle(self, needed: int, path: tuple[str, ...]) -> bool:
        """Say whether a place lies inside one of these."""
        bits = self._bits
        return any(needed & bits.get(path[:length], 0) for length in range(1, len(path) + 1))


def _closure(
    below: dict[tuple[str, ...], set[tuple[str, ...]]], bits: dict[tuple[str, ...], int]
) -> dict[tuple[str, ...], int]:
    """Return for every target the set of targets reachable from it; repeats until nothing grows."""
    reach = {names: sum(bits[target] for target in targets) for names, targets in below.items()}
    users: dict[tuple[str, ...], list[tuple[str, ...]]] = {names: [] for names in below}
    for names, targets in below.items():
        for target in targets:
            users[target].append(names)
    work = list(below)
    waiting = set(work)
    while work:
        names = work.pop()
        waiting.discard(names)
        mine = reach[names]
        for user in users[names]:
            grown = reach[user] | mine
            if grown != reach[user]:
                reach[user] = grown
                if user not in waiting:
                    waiting.add(user)
                    work.append(user)
    return reach
