"""Keywords that combine schemas: not, anyOf, oneOf, allOf, if, and references."""

from typing import TYPE_CHECKING, Any

from registry.compliance.shapes.node import Check, Out, Seen
from registry.compliance.shapes.problem import At, Problem

if TYPE_CHECKING:
    from registry.compliance.shapes.compiler import Compiler


def not_(compiler: "Compiler", rule: Any, _schema: Any, where: str) -> Check:
    """The value must not fit a schema."""
    inner = compiler.first_only().inside_not().check(rule, where)

    def check(value: Any, at: At, out: Out, _composite: bool, _seen: Seen) -> bool:
        if not inner(value, at, [], True, None):
            return True
        out.append(Problem("not", at, "must NOT be valid", where))
        return False

    return check


def any_of(compiler: "Compiler", rules: Any, _schema: Any, where: str) -> Check:
    """The value must fit at least one schema."""
    inner = [compiler.check(rule, f"{where}/{index}") for index, rule in enumerate(rules)]

    def check(value: Any, at: At, out: Out, _composite: bool, seen: Seen) -> bool:
        start = len(out)
        fits = False
        for branch in inner:
            mine: Seen = None if seen is None else set()
            if branch(value, at, out, True, mine):
                fits = True
                if seen is None:
                    break
                seen.update(mine or ())
        if fits:
            del out[start:]
            return True
        out.append(Problem("anyOf", at, "must match a schema in anyOf", where))
        return False

    return check


def one_of(compiler: "Compiler", rules: Any, _schema: Any, where: str) -> Check:
    """The value must fit exactly one schema."""
    inner = [compiler.check(rule, f"{where}/{index}") for index, rule in enumerate(rules)]
    words = "must match exactly one schema in oneOf"

    def check(value: Any, at: At, out: Out, _composite: bool, seen: Seen) -> bool:
        start = len(out)
        fitting: list[int] = []
        for index, branch in enumerate(inner):
            mine: Seen = None if seen is None else set()
            if branch(value, at, out, True, mine):
                fitting.append(index)
                if len(fitting) > 1:
                    break
                if seen is not None:
                    seen.update(mine or ())
        if len(fitting) == 1:
            del out[start:]
            return True
        out.append(Problem("oneOf", at, words, where, {"passingSchemas": fitting or None}))
        return False

    return check


def all_of(compiler: "Compiler", rules: Any, _schema: Any, where: str) -> Check:
    """The value must fit every schema."""
    inner = [compiler.check(rule, f"{where}/{index}") for index, rule in enumerate(rules)]

    def check(value: Any, at: At, out: Out, composite: bool, seen: Seen) -> bool:
        good = True
        for branch in inner:
            if not branch(value, at, out, composite, seen):
                good = False
                if not compiler.all_errors:
                    return False
        return good

    return check


def if_(compiler: "Compiler", rule: Any, schema: Any, where: str) -> Check | None:
    """Values that fit one schema must fit a second, all others a third."""
    base = where.removesuffix("/if")
    then = compiler.check(schema["then"], base + "/then") if "then" in schema else None
    other = compiler.check(schema["else"], base + "/else") if "else" in schema else None
    if then is None and other is None:
        return None
    test = compiler.first_only().check(rule, where)

    def check(value: Any, at: At, out: Out, composite: bool, seen: Seen) -> bool:
        mine: Seen = None if seen is None else set()
        fits = test(value, at, [], True, mine)
        if fits and seen is not None:
            seen.update(mine or ())
        branch = then if fits else other
        looked: Seen = None if seen is None else set()
        if branch is None or branch(value, at, out, composite, looked):
            if seen is not None:
                seen.update(looked or ())
            return True
        if compiler.all_errors or composite:
            words = f'must match "{"then" if fits else "else"}" schema'
            out.append(Problem("if", at, words, where))
        return False

    return check


def reference(compiler: "Compiler", target: Any, _schema: Any, _where: str) -> Check:
    """The value must fit a schema elsewhere, which starts its own count of problems."""
    found = compiler.target(str(target))

    def check(value: Any, at: At, out: Out, _composite: bool, seen: Seen) -> bool:
        if seen is None:
            return found()(value, at, out, False, None)
        mine: set[Any] = set()
        fits = found()(value, at, out, False, mine)
        if fits:  # only a schema that fits has looked at its members
            seen.update(mine)
        return fits

    return check
