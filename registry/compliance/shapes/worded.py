"""The errorMessage keyword of ajv-errors: one message of the author instead of several of ours.

Source: ajv-errors 3; only messages for the whole schema, for keywords and for members are used.
"""

from typing import TYPE_CHECKING, Any

from registry.compliance.shapes.node import Check, Out, Seen
from registry.compliance.shapes.problem import At, Problem, names_of

if TYPE_CHECKING:
    from registry.compliance.shapes.compiler import Compiler


def reworded(compiler: "Compiler", check: Check, worded: Any, where: str) -> Check:
    """Wrap a check so that the author's messages replace what it says."""
    if not compiler.all_errors:
        return check
    rules: dict[str, Any] = {"_": worded} if isinstance(worded, str) else dict(worded)
    whole = rules.pop("_", None)
    members = rules.pop("properties", {})

    def run(value: Any, at: At, out: Out, composite: bool, seen: Seen) -> bool:
        start = len(out)
        good = check(value, at, out, composite, seen)
        if len(out) == start:
            return good
        mine = out[start:]
        here = names_of(at)
        added: Out = []
        for keyword, message in rules.items():
            chosen = [p for p in mine if p.keyword == keyword and _own(p, here, where)]
            _replace(chosen, message, at, where, added)
        for name, message in members.items():
            below = (*here, name)
            chosen = [p for p in mine if _below(p, below, where)]
            _replace(chosen, message, (at, name), where, added)
        if whole is not None:
            chosen = [p for p in mine if _below(p, here, where)]
            _replace(chosen, whole, at, where, added)
        out[start:] = [p for p in mine if not p.used] + added
        return False

    return run


def _replace(chosen: list[Problem], message: str, at: At, where: str, added: Out) -> None:
    if not chosen:
        return
    for problem in chosen:
        problem.used = True
    added.append(Problem("errorMessage", at, message, where + "/errorMessage"))


def _own(problem: Problem, here: tuple[str, ...], where: str) -> bool:
    rest = problem.schema_path.removeprefix(where)
    direct = rest != problem.schema_path and rest.count("/") == 1
    return not problem.used and direct and problem.names == here


def _below(problem: Problem, here: tuple[str, ...], where: str) -> bool:
    if problem.used or problem.keyword == "errorMessage":
        return False
    inside = problem.schema_path.startswith(where + "/")
    return inside and problem.names[: len(here)] == here
