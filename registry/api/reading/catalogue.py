"""Everything that can be read, gathered from the rooms and checked before anybody may ask.

A field without a policy, a join to nowhere or two types of one name stop the program when it
starts, not the user when she asks.
"""

import re
from collections.abc import Iterable
from enum import Enum
from functools import cached_property
from typing import Final

from registry.compliance import readable as compliance
from registry.customers.asking import readable as customers
from registry.intake import readable as intake
from registry.intake import readable_looks as looks
from registry.landscape import readable as landscape
from registry.storage.readable import (
    Column,
    Entry,
    Join,
    Otherwise,
    Policy,
    Readable,
    Way,
)
from schemas.access import Scope
from schemas.errors import Misconfigured

NAME: Final = re.compile(r"[a-z][a-z0-9_]*")


class BrokenDeclaration(Misconfigured):
    """What a room declares as readable does not hold together; the program does not start."""

    code = "broken_declaration"
    remedy = "Mend the declaration named; see docs/how-to/add-a-readable-type.md."


class Catalogue:
    """The readable types and entry points by name.

    Args:
        readables: All types.
        entries: All entry points.

    Raises:
        BrokenDeclaration: They do not hold together; says which and why.
    """

    def __init__(self, readables: Iterable[Readable], entries: Iterable[Entry]) -> None:
        self.types: dict[str, Readable] = {}
        for readable in readables:
            if readable.name in self.types:
                raise BrokenDeclaration(f"Two readable types are called {readable.name}.")
            self.types[readable.name] = readable
        self.entries: dict[str, Entry] = {}
        for entry in entries:
            if entry.name in self.entries:
                raise BrokenDeclaration(f"Two entry points are called {entry.name}.")
            self.entries[entry.name] = entry
        for readable in self.types.values():
            self._check(readable)
        for entry in self.entries.values():
            self._check_end(entry.name, entry.target, entry.policy)

    def target(self, way: Join | Entry) -> Readable:
        """Return the type that a join or entry point leads to."""
        return self.types[way.target]

    def members(self, readable: Readable) -> list[Readable]:
        """Return the types that a row of this type can be: itself, or those that extend it."""
        if not readable.is_interface:
            return [readable]
        return [each for each in self.types.values() if each.extends is readable]

    def scope_of(self, readable: Readable) -> Scope:
        """Return the scope without which nothing of a type can be seen: that of its first field."""
        policy = next(iter(readable.all_fields.values())).policy
        assert policy is not None  # checked when the catalogue was made
        return policy.scope

    @cached_property
    def by_id_kind(self) -> dict[str, Readable]:
        """Return types by the first word of their global ids."""
        return {
            kind: each
            for each in self.types.values()
            for kind in each.id_kinds or (each.id_kind,)
            if kind and not each.is_interface
        }

    @cached_property
    def enums(self) -> list[type[Enum]]:
        """Return the enums that columns hold."""
        kinds = (column.kind for each in self.types.values() for column in each.columns)
        return list(dict.fromkeys(kind for kind in kinds if isinstance(kind, type)))

    def _check(self, readable: Readable) -> None:
        for name, each in readable.all_fields.items():
            where = f"{readable.name}.{name}"
            if not NAME.fullmatch(name):
                raise BrokenDeclaration(f"{where} is not in snake case.")
            if each.policy is None:
                raise BrokenDeclaration(f"{where} has no policy: say who may see it.")
            if isinstance(each, Join):
                self._check_end(where, each.target, each.policy)
                if each.policy.otherwise is not Otherwise.REFUSED and not each.nullable:
                    raise BrokenDeclaration(f"{where} is refused by null but cannot be null.")
            else:
                self._check_column(where, each, each.policy)
        for name in (word.lstrip("-") for word in readable.order):
            known = readable.all_fields.get(name)
            if name != readable.key and not isinstance(known, Column):
                raise BrokenDeclaration(f"{readable.name} is sorted by {name}, which it lacks.")
            policy = known.policy if isinstance(known, Column) else None
            if policy and policy.scope is not self.scope_of(readable):
                raise BrokenDeclaration(
                    f"{readable.name} is sorted by {name}, which not all who see it may see."
                )

    def _check_column(self, where: str, column: Column, policy: Policy) -> None:
        if policy.otherwise is Otherwise.NULL and not column.nullable:
            raise BrokenDeclaration(f"{where} is refused by null but cannot be null.")
        if policy.when and policy.otherwise is Otherwise.REFUSED:
            raise BrokenDeclaration(f"{where} has a condition: say what is shown where it fails.")
        if (policy.otherwise is Otherwise.MASKED) != bool(policy.mask):
            raise BrokenDeclaration(f"{where} needs a mask where its policy masks, and only there.")

    def _check_end(self, where: str, target: str, policy: Policy | None) -> None:
        if policy is None:
            raise BrokenDeclaration(f"{where} has no policy: say who may see it.")
        if policy.when:
            raise BrokenDeclaration(f"{where} has a condition, which only columns can have.")
        if target not in self.types:
            raise BrokenDeclaration(f"{where} leads to {target}, which is not declared.")


ROOMS: Final = (landscape, intake, customers, compliance, looks)
CATALOGUE: Final = Catalogue(
    (readable for room in ROOMS for readable in room.READABLES),
    (entry for room in ROOMS for entry in room.ENTRIES),
)
PAGED_ENTRIES: Final = [each for each in CATALOGUE.entries.values() if each.way is Way.PAGES]
