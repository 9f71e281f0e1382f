"""Reads on behind broken YAML, so that one run tells all faults and not the first alone.

libyaml stops at a fault. Whoever reads on guesses; this guess is the smallest that holds: the line
that is broken, and what stands indented below it, become spaces, and the rest is parsed again. So
all places stay what they are, and a fault below a broken line is told once that is mended.
"""

import yaml

from registry.compliance.parsing.diagnostics import Diagnostic

FAULTS_MAX = 50  # of one document; a person mends these first
CHARACTERS_MAX = (
    4_000_000  # parsed anew in all, about a second; a fault late in a large file is rare
)
_OPENED = (
    "while scanning a quoted scalar",
    "while parsing a flow mapping",
    "while parsing a flow sequence",
    "while scanning a simple key",
)  # the fault is where it began, not where libyaml noticed


def recover(text: str) -> tuple[str, list[Diagnostic]]:
    """Return a text with broken lines blanked, and every fault that was met on the way.

    Args:
        text: A text that is no YAML.

    Returns:
        The text as it can be parsed, and the faults in reading order; where they are too many, the
        text still has some.
    """
    found: list[Diagnostic] = []
    lines = text.splitlines(keepends=True)
    spent = 0
    while len(found) < FAULTS_MAX and spent < CHARACTERS_MAX:
        broken = _next_fault("".join(lines))
        if broken is None:
            break
        spent += len(text) // 4 + (broken.problem_mark.index if broken.problem_mark else len(text))
        at, line = _where(broken)
        words = broken.problem or broken.context or "the text is not YAML"
        if broken.context in _OPENED:
            words = f"{words} {broken.context}"
        found.append(Diagnostic("syntax", words, min(at, len(text)), min(at, len(text))))
        if not _blank(lines, line):
            break  # nothing is left of it: reading on would turn in a circle
    return "".join(lines), sorted(found, key=lambda fault: fault.start)


def _next_fault(text: str) -> yaml.MarkedYAMLError | None:
    try:
        for _ in yaml.parse(text, Loader=yaml.CSafeLoader):
            pass
    except yaml.MarkedYAMLError as broken:
        return broken
    except (yaml.YAMLError, UnicodeError):
        return None
    return None


def _where(broken: yaml.MarkedYAMLError) -> tuple[int, int]:
    """Return character and line of a fault, from zero."""
    began = broken.context in _OPENED and broken.context_mark is not None
    mark = broken.context_mark if began else broken.problem_mark or broken.context_mark
    return (mark.index, mark.line) if mark is not None else (0, 0)


def _blank(lines: list[str], line: int) -> bool:
    """Turn a line and what is indented below it into spaces; tell whether there was something.

    A fault at the end of the text, or in a line without words, is one of the last line with words.
    """
    line = min(line, len(lines) - 1)
    while line >= 0 and not lines[line].strip():
        line -= 1
    if line < 0:
        return False
    depth = _indent(lines[line])
    last = line
    for number in range(line + 1, len(lines)):
        if lines[number].strip() and _indent(lines[number]) <= depth:
            break
        last = number
    if "\t" in lines[line][:depth]:
        last = line  # how deep a line stands that begins with tabs is not known
    for number in range(line, last + 1):
        body = lines[number].rstrip("\r\n")
        lines[number] = " " * len(body) + lines[number][len(body) :]
    return True


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))
