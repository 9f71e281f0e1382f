"""What columns are called: distinct names out of a file's first line, and names as SQL."""

from collections.abc import Iterable

from schemas.errors import InvalidInput

# More columns than this is a matrix of measurements, not a list of people.
COLUMNS_MAX = 500


def quoted(name: str) -> str:
    """Return a column name as SQL."""
    return '"' + name.replace('"', '""') + '"'


def distinct_names(file: str, given: Iterable[str]) -> tuple[tuple[str, ...], list[str]]:
    """Return distinct column names, and what was odd about those that were given.

    Args:
        file: Name of the file, for the refusal.
        given: Names as the file has them; doubled and empty ones among them.

    Raises:
        InvalidInput: There are more columns than a list of people has.
    """
    old = [" ".join(name.replace("\0", "").split()).strip("\ufeff") for name in given]
    if len(old) > COLUMNS_MAX:
        raise InvalidInput(
            f"{file} has {len(old)} columns; at most {COLUMNS_MAX} are read.",
            remedy="Keep the columns that say who somebody is, and how to reach them.",
        )
    names: list[str] = []
    taken = {"row_number"}  # ours
    for place, name in enumerate(old, start=1):
        distinct = name or f"column {place}"
        while distinct.lower() in taken:
            distinct += " again"
        names.append(distinct)
        taken.add(distinct.lower())
    warnings = []
    if nameless := sum(not name for name in old):
        warnings.append(f"{nameless} column{'s have' if nameless > 1 else ' has'} no name")
    if doubled := sum(bool(one) and one != new for one, new in zip(old, names, strict=True)):
        warnings.append(
            f"{doubled} column{'s have' if doubled > 1 else ' has'} the name of an earlier one"
        )
    return tuple(names), warnings
