"""Say what in a connector file one page speaks against, and what to write instead: never values."""

from collections.abc import Iterator, Sequence

from connectors.sdk.expressions import compile_expression
from connectors.sdk.spec import StreamSpec
from connectors.sdk.strict import nearest
from schemas.records import MappedPage, Page

_KINDS = frozenset({"person", "organisation"})


def advise(spec: StreamSpec, page: Page, mapped: MappedPage) -> list[str]:
    """Return sentences, each with the line of the file it is about and what to do.

    Args:
        spec: The stream.
        page: What was read.
        mapped: What became of it.
    """
    if not page.records:
        return []
    return [*_unread(spec, page), *_shared(spec, mapped), *_fractions(spec, page)]


def _unread(spec: StreamSpec, page: Page) -> Iterator[str]:
    """Name each line that reads a field which no record of the page has."""
    seen = list(dict.fromkeys(name for record in page.records for name in record.value))
    lines = {"key": spec.key, "changed": spec.changed or "", **spec.map}
    for line, text in lines.items():
        for root in sorted(compile_expression(text).roots) if text else ():
            if root in seen:
                continue
            if line == "kind" and root in _KINDS:
                yield f"`kind` reads a field `{root}`; the word itself is written \"'{root}'\""
                continue
            yield (f"`{line}` reads `{root}`, which no record of this page has{_meant(root, seen)}")


def _meant(root: str, seen: Sequence[str]) -> str:
    hint = nearest(root, seen)  # where none is near, the fields stand in the trial anyway
    return f"; {hint.rstrip('?')}" if hint.startswith("did you mean") else ""


def _shared(spec: StreamSpec, mapped: MappedPage) -> Iterator[str]:
    keys = [record.key for _, record in mapped.customers]
    doubled = len(keys) - len(set(keys))
    if doubled:
        yield (
            f"`key: {spec.key}` is no key: {doubled} of {len(keys)} records have one that came "
            "before on the page, and only one record of each would be kept; take another field, "
            "or several: concat(a, '/', b)"
        )


def _fractions(spec: StreamSpec, page: Page) -> Iterator[str]:
    """Warn of a key that is a number with a fraction: its digits are not the same everywhere."""
    steps = compile_expression(spec.key).steps
    if len(steps) == 1 and any(
        isinstance(value := record.value.get(steps[0]), float) and not value.is_integer()
        for record in page.records
    ):
        yield (
            f"`key: {spec.key}` is a number with a fraction, which a source may write otherwise "
            "tomorrow: its records would come a second time; take another field"
        )
