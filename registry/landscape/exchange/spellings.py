"""What people call the columns of their tables, and the things in the rows.

The words are data (schemas/reference/tables.toml); here they become look-ups.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any, Final

from msgspec import Struct, field

from registry.landscape.exchange.opengroup import CONCEPT_OF_TYPE
from registry.landscape.metamodel import JUNCTION, KINDS, kind_of

_WORDS: Final[Mapping[str, Any]] = tomllib.loads(
    files("schemas.reference").joinpath("tables.toml").read_text(encoding="utf-8")
)
_BETWEEN = re.compile(r"[\s_\-]+")


class Reading(Struct, frozen=True, kw_only=True):
    """How a person says a plain table is to be read, where its header does not tell.

    Args:
        kind: What every row is, where no column says it, e.g. data_set.
        columns: Which column plays which role: name of the column to id, kind, name, description,
            folder, source or target.
    """

    kind: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)


AS_IT_SAYS: Final = Reading()


def plain(word: str) -> str:
    """Return a word as it is compared: no case, one blank between its parts."""
    return _BETWEEN.sub(" ", word).strip().casefold()


ROLES: Final[Mapping[str, Sequence[str]]] = {
    role: tuple(plain(word) for word in words) for role, words in _WORDS["columns"].items()
}
_KIND_OF_NAME: Final[Mapping[str, str]] = {
    plain(word): kind for kind, words in _WORDS["names"].items() for word in words
}
_KIND_OF_WORD: Final[Mapping[str, str]] = {
    plain(word): kind for kind, words in _WORDS["kinds"].items() for word in words
}
# ApplicationComponent, whatever its case and blanks.
_CONCEPT_OF_JOINED: Final[Mapping[str, str]] = {
    name.casefold(): concept for name, concept in CONCEPT_OF_TYPE.items()
}


def roles_of(columns: Sequence[str], said: Mapping[str, str]) -> dict[str, str]:
    """Return which column plays which role.

    Args:
        columns: The table's columns.
        said: What a person said of some of them, column to role.
    """
    known = {plain(column): column for column in reversed(columns)}
    roles = {role: known[plain(name)] for name, role in said.items() if plain(name) in known}
    for role, words in ROLES.items():
        for word in words:
            if role not in roles and word in known:
                roles[role] = known[word]
    if "name" not in roles:
        telling = [known[word] for word in _KIND_OF_NAME if word in known]
        if telling:
            roles["name"] = telling[0]
    return roles


def kind_told_by(column: str) -> str:
    """Return what is named by a column, e.g. system by Applicatie; mostly nothing."""
    return _KIND_OF_NAME.get(plain(column), "")


def kind_and_concept(said: str) -> tuple[str, str]:
    """Return kind and concept for what a cell says, e.g. system, Applicatie or business-process.

    Returns:
        The concept is empty where nobody knows the word.
    """
    word = plain(said)
    concept = _CONCEPT_OF_JOINED.get(word.replace(" ", ""), "")
    spelled = _KIND_OF_WORD.get(word, word.replace(" ", "_"))
    if spelled not in KINDS and concept:
        return kind_of(concept) if concept in KINDS.values() else spelled, concept
    concept = KINDS.get(spelled, "")
    return spelled, "AndJunction" if concept == JUNCTION else concept
