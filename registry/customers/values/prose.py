"""Sentences, which are nobody's name: remarks and subjects beside the columns that link."""

from collections.abc import Sequence

# A column of sentences has one in this many cells; names end in no full stop but an abbreviation's.
_PROSE_SHARE = 0.25
_ABBREVIATION_MAX = 4
_NAME_WORDS_MAX = 6
_ADDRESS_WORDS_MAX = 14


def is_prose(values: Sequence[str]) -> bool:
    """Tell a column of sentences from one of names."""
    return sum(map(_is_sentence, values)) >= _PROSE_SHARE * max(len(values), 1)


def _is_sentence(value: str) -> bool:
    words = value.split()
    if any(sign.isdigit() for sign in value):
        return len(words) > _ADDRESS_WORDS_MAX
    ends = value[-1:] in (".", "!", "?") and len(words[-1]) > _ABBREVIATION_MAX
    return len(words) > _NAME_WORDS_MAX or (ends and len(words) > 2)
