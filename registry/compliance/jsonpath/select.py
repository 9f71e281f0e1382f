"""Selecting places by a path: set by set, over ranges and the name index, never node by node."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from registry.compliance.jsonpath.expression import Binary, Context, Literal, Member, Node, Unary
from registry.compliance.jsonpath.parse import Path, Step
from registry.compliance.jsonpath.run import SCRIPT_ERRORS, Scope
from registry.compliance.jsonpath.values import UNDEFINED, text
from registry.compliance.jsonpath.verdicts import Verdict, verdict_of
from registry.compliance.parsing.tree import ABSENT, Key
from registry.compliance.view import View

OnError = Callable[[int, BaseException], None]


@dataclass(frozen=True, slots=True)
class Selection:
    """What a path selected, and what is needed to tell by which ways.

    Attributes:
        places: The selected places, in document order.
        anchors: Names with which every selected path begins; None when any may.
        length: Number of names in every selected path; None when lengths differ.
        reached: Marks of the last deep step; None without one.
    """

    places: list[int]
    anchors: frozenset[str] | None
    length: int | None
    reached: bytearray | None

    def is_direct(self, view: View, place: int) -> bool:
        """Say whether the path also selects the place without passing a reference."""
        if place == 0:
            return True
        path = view.tree.path(place)
        if self.anchors is not None and path[0] not in self.anchors:
            return False
        return self.length is None or len(path) == self.length

    def is_behind(self, view: View, place: int) -> bool:
        """Say whether the path also selects the place by way of a reference."""
        if self.reached is None:
            return not self.is_direct(view, place)
        row = view.tree.parents[place]
        while row > 0:
            if any(self.reached[site] for site in view.places.get(row, ())):
                return True
            row = view.tree.parents[row]
        return False


class Selector:
    """A path made ready to run on any document.

    Args:
        path: The expression as it was read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        steps = list(path.steps)
        self.takes_key = bool(steps) and steps[-1].kind == "key"
        if self.takes_key:
            steps.pop()
        self._late: list[_Filter] = []
        self._first_only = not path.plus and sum(step.deep for step in steps) > 1
        if self._first_only:
            steps = self._with_late_filters(steps)
        self._steps = steps
        first = steps[0] if steps else None
        plain = first is not None and first.kind == "name" and not first.deep
        self._anchors = frozenset(first.names) if plain and first is not None else None
        moves = any(step.deep or step.kind == "parent" for step in steps)
        self._length = None if moves else len(steps)
        self._filters = {
            at: _Filter(step.test, text_names=not path.plus)
            for at, step in enumerate(steps)
            if step.test is not None
        }

    def _with_late_filters(self, steps: list[Step]) -> list[Step]:
        """Keep nimma's habit: between two deep steps, a filter looks at the last place."""
        kept: list[Step] = []
        for at, step in enumerate(steps):
            if step.test is not None and not step.deep and at < len(steps) - 1:
                self._late.append(_Filter(step.test, text_names=True))
                kept.append(Step("any"))
            else:
                kept.append(step)
        return kept

    def select(self, view: View, on_error: OnError) -> Selection:
        """Return what the path selects.

        Args:
            view: The document as written, or with references followed.
            on_error: Called with place and error where a filter fails; the place is left out.
        """
        places: Iterable[int] = [0]
        trail: list[tuple[Iterable[int], bool]] = []
        reached: bytearray | None = None
        for at, step in enumerate(self._steps):
            if step.kind == "parent":
                places = self._parents(view, places, trail)
                continue
            if step.kind == "key":
                continue
            trail.append((places, step.deep))
            if step.deep:
                reached = view.reachable(places)
            places = self._forward(view, places, step, at, on_error)
            if not places:
                break
        self._stumble(view, on_error)
        for late in self._late:
            places = late.matching(view, places, on_error)
        return Selection(sorted(set(places)), self._anchors, self._length, reached)

    def _stumble(self, view: View, on_error: OnError) -> None:
        """Report the null at which Spectral's run ends.

        Behind a deep step nimma asks a last filter about every value of the document, before it
        looks at names; a filter that does not expect null fails there, and with it the run.
        """
        last = self._filters.get(len(self._steps) - 1)
        is_behind = any(step.deep for step in self._steps[:-1])
        if last is None or self.path.plus or not is_behind or last.is_guarded:
            return
        reached = view.reachable([0])
        for row in view.nulls:
            if reached[row] and len(view.tree.path(row)) >= len(self._steps):
                failed = last.failure(view, row)
                if failed is not None:
                    on_error(row, failed)
                    return

    def _forward(
        self, view: View, places: Iterable[int], step: Step, at: int, on_error: OnError
    ) -> Iterable[int]:
        if step.kind == "filter":
            test = self._filters[at]
            if step.deep:
                return test.below(view, view.reachable(places), on_error)
            return test.matching(view, _children(view, places), on_error)
        if step.kind == "down":
            # to JSONPath-plus null is an object, to nimma it is none
            return [*places, *view.objects(view.reachable(places), nulls=at > 0)]
        if step.deep:
            stop = None
            if self._first_only and len(step.names) == 1 and at + 1 < len(self._steps):
                stop = None if self._steps[at + 1].deep else step.names[0]
            return _deep(view, view.reachable(places, stop), step)
        if step.kind == "name":
            return _named(view, places, step.names)
        below = _children(view, places)
        return [place for place in below if _in_slice(view, place, step)]

    def _parents(
        self, view: View, places: Iterable[int], trail: list[tuple[Iterable[int], bool]]
    ) -> Iterable[int]:
        start, deep = trail[-1] if trail else ((), False)
        if trail and not deep:  # a deep step may have passed many levels
            trail.pop()
        before = set(start)
        reached = view.reachable(before)
        found: set[int] = set()
        for place in places:
            row = view.tree.parents[place]
            if row == ABSENT:
                continue
            slots = view.all_places(row)
            found.update(slot for slot in slots if slot in before or reached[slot])
        return found


def _children(view: View, places: Iterable[int]) -> list[int]:
    return [below for place in places for below in view.below(place)]


def _named(view: View, places: Iterable[int], names: tuple[str, ...]) -> list[int]:
    found: list[int] = []
    for place in places:
        for name in names:
            below = view.child(place, name)
            if below != ABSENT:
                found.append(below)
    return found


def _deep(view: View, reached: bytearray, step: Step) -> list[int]:
    if step.kind == "name":
        rows: list[int] = []
        for name in step.names:
            rows += view.index.get(name, ())
            if name.isdigit():
                rows += view.index.get(int(name), ())
        return [row for row in rows if reached[row]]
    everything = [row for row, mark in enumerate(reached) if mark]
    return [row for row in everything if _in_slice(view, row, step)]


def _in_slice(view: View, place: int, step: Step) -> bool:
    if step.kind == "any":
        return True
    key = view.tree.keys[place]
    if not isinstance(key, int):
        return False
    siblings = view.tree.children[view.tree.parents[place]]
    return key in range(*slice(*step.cut).indices(len(siblings or ())))


class _Filter:
    """One filter expression, with short cuts for the shapes that rule sets use."""

    def __init__(self, node: Node, *, text_names: bool) -> None:
        parts = _conjuncts(node)
        self._name_tests: list[Verdict] = []
        rest = list(parts)
        while rest and _only_name(rest[0]):
            self._name_tests.append(verdict_of(rest.pop(0)))
        self._value_tests = [verdict_of(part) for part in rest]
        self._wanted = next((names for part in rest if (names := _wanted(part))), None)
        self.is_guarded = not rest or (rest[0] == Context("@") or _wanted(rest[0]) is None)
        self._context = any(_mentions(part, _FAR) for part in parts)
        self._text_names = text_names

    def below(self, view: View, reached: bytearray, on_error: OnError) -> list[int]:
        """Return the marked places that pass."""
        if self._wanted is not None:
            rows = self._owners(view, reached, self._wanted)
            rows = self._well_named(view, rows, on_error)
        elif self._name_tests:
            rows = self._by_name(view, reached, on_error)
        else:
            rows = [row for row, mark in enumerate(reached) if mark]
        return self._passing(view, rows, on_error)

    def _by_name(self, view: View, reached: bytearray, on_error: OnError) -> list[int]:
        """Return the marked places whose names pass."""
        scope = Scope(names_are_text=self._text_names)
        rows: list[int] = []
        for key, known in view.index.items():
            if self._name_passes(scope, key, known, reached, on_error):
                rows += [row for row in known if reached[row]]
        return sorted(rows)

    def _well_named(self, view: View, places: Iterable[int], on_error: OnError) -> list[int]:
        """Return the places whose names pass, asking once per name."""
        if not self._name_tests:
            return list(places)
        scope = Scope(names_are_text=self._text_names)
        keys = view.tree.keys
        verdicts: dict[Key, bool] = {}
        passing: list[int] = []
        for place in places:
            key = keys[place]
            verdict = verdicts.get(key)
            if verdict is None:
                verdict = self._name_passes(scope, key, (place,), None, on_error)
                verdicts[key] = verdict
            if verdict:
                passing.append(place)
        return passing

    def failure(self, view: View, place: int) -> BaseException | None:
        """Return what goes wrong when the filter is asked about one place."""
        failures: list[BaseException] = []
        self._passing(view, [place], lambda _place, wrong: failures.append(wrong))
        return failures[0] if failures else None

    def _owners(self, view: View, reached: bytearray, names: frozenset[str]) -> list[int]:
        """Return the places whose value has one of the members that the filter needs."""
        parents = view.tree.parents
        owners = {parents[row] for name in names for row in view.index.get(name, ())}
        slots = (slot for owner in owners if owner > 0 for slot in view.all_places(owner))
        found = {slot for slot in slots if reached[slot]}
        if not self.is_guarded:  # a null makes such a filter fail, which must be reported
            found.update(row for row in view.nulls if reached[row])
        return sorted(found)

    def matching(self, view: View, places: Iterable[int], on_error: OnError) -> list[int]:
        """Return the places that pass."""
        rows = self._well_named(view, places, on_error)
        return self._passing(view, rows, on_error)

    def _name_passes(
        self,
        scope: Scope,
        key: Key,
        rows: Iterable[int],
        reached: bytearray | None,
        on_error: OnError,
    ) -> bool:
        scope.property = key
        try:
            return all(test(scope) for test in self._name_tests)
        except SCRIPT_ERRORS as wrong:
            if reached is None or any(reached[row] for row in rows):
                on_error(next(iter(rows)), wrong)
            return False

    def _passing(self, view: View, rows: list[int], on_error: OnError) -> list[int]:
        if not self._value_tests:
            return rows
        passing: list[int] = []
        scope = Scope(names_are_text=self._text_names)
        keys, value, tests = view.tree.keys, view.value, self._value_tests
        if self._context:
            scope.root = view.value(0)
        for row in rows:
            scope.value = value(row)
            scope.property = keys[row]
            if self._context:
                _fill(scope, view, row)
            try:
                for test in tests:
                    if not test(scope):
                        break
                else:
                    passing.append(row)
            except SCRIPT_ERRORS as wrong:
                on_error(row, wrong)
        return passing


_FAR = frozenset({"@parent", "@parentProperty", "@root", "@path"})


def _fill(scope: Scope, view: View, row: int) -> None:
    tree = view.tree
    parent = tree.parents[row]
    scope.parent = view.value(parent)
    scope.parent_property = tree.keys[parent] if parent > 0 else UNDEFINED
    scope.path = "$" + "".join(f"['{name}']" for name in tree.path(row))


def _conjuncts(node: Node) -> list[Node]:
    if isinstance(node, Binary) and node.operator == "&&":
        return _conjuncts(node.left) + _conjuncts(node.right)
    return [node]


def _parts(node: Node) -> list[Node]:
    parts: list[Any] = []
    for field in node.__dataclass_fields__:
        held = getattr(node, field)
        parts += [item for item in (held if isinstance(held, tuple) else (held,)) if _is_node(item)]
    return parts


def _is_node(item: Any) -> bool:
    return isinstance(item, Node)


def _mentions(node: Node, names: frozenset[str]) -> bool:
    if isinstance(node, Context):
        return node.name in names
    return any(_mentions(part, names) for part in _parts(node))


def _only_name(node: Node) -> bool:
    everything = _FAR | {"@"}
    return _mentions(node, frozenset({"@property"})) and not _mentions(node, everything)


def _wanted(node: Node) -> frozenset[str] | None:
    """Return names of which the value must have one for the node to be true; None if unknown."""
    if isinstance(node, Member):
        return _own_member(node)
    if isinstance(node, Binary):
        return _wanted_by(node)
    return None


def _wanted_by(node: Binary) -> frozenset[str] | None:
    if node.operator == "||":
        left, right = _wanted(node.left), _wanted(node.right)
        return left | right if left and right else None
    if node.operator == "&&":
        return _wanted(node.left) or _wanted(node.right)
    if node.operator in ("==", "===") and isinstance(node.right, Literal):
        return _own_member(node.left) if node.right.value not in (None, UNDEFINED) else None
    if node.operator == "!==" and isinstance(node.right, Unary) and node.right.operator == "void":
        return _own_member(node.left)
    return None


def _own_member(node: Node) -> frozenset[str] | None:
    if not isinstance(node, Member) or not isinstance(node.name, Literal):
        return None
    if node.of != Context("@"):
        return _own_member(node.of)
    name = text(node.name.value)
    return None if name in ("length", "constructor") else frozenset({name})
