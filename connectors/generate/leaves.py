"""Walk through a record as a document describes it, and say what each value in it is called."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from connectors.generate.lists import dotted
from connectors.generate.shapes import Shapes
from connectors.generate.words import plain, tokens

DEPTH_MAX = 4
"""Objects inside a record: `partijIdentificatie.contactnaam.voornaam` is the deepest usual one."""

FIELDS_MAX = 1_000
"""Of one record with everything inside it."""

GENERIC = {"value", "waarde", "wert", "valeur", "date", "datum", "number", "nummer", "text"}
"""Names that say nothing by themselves: `emails.value` is an e-mail address."""

QUALIFIERS = {"work", "werk", "home", "thuis", "huis", "prive", "privat", "private", "personal",
    "business", "zakelijk", "primary", "main", "default", "preferred", "contact", "customer",
    "klant", "kunde", "client", "person", "persoon", "mailing", "visiting", "residential", "woon",
    "current", "official", "mobile", "mobiel", "mobil", "portable", "address", "adres", "adresse",
    "anschrift", "professionnel", "domicile"}  # fmt: skip
"""Words around a name that change nothing in what it is: `MailingCity`, `contact_email`."""

LISTS = {"email", "emailaddress", "emailadres", "emailadresse", "phone", "phonenumber", "telephone",
    "telefoonnummer", "telefon", "address", "addresse", "adresse", "adres", "adressen", "name",
    "telecom", "contactpoint", "mail", "anschrift", "anschriften", "telefoonnummers"}  # fmt: skip
"""Lists inside a record that hold something of the record's own customer."""

_DIGITS = re.compile(r"[0-9]+$")
_PHONES, _MAILS = {"phone", "tel", "telephone", "telefoon", "mobile"}, {"email", "mail"}


class Leaf(NamedTuple):
    """One value inside a record.

    Attributes:
        steps: The names that lead to it.
        schema: What the document says of it.
        path: The way to it, as an expression.
        listed: The way leads through a list, of which the first is taken.
    """

    steps: tuple[str, ...]
    schema: Any
    path: str
    listed: bool = False

    def names(self) -> Iterator[str]:
        """Yield what it may be called, without what says nothing."""
        steps = self.steps
        yield plain(steps[-1])
        yield plain("".join(steps[-2:]))
        while len(steps) > 1 and plain(steps[-1]) in GENERIC:
            steps = steps[:-1]
        for own in (plain(steps[-1]), plain("".join(steps[-2:]))):
            yield own
            if self.listed:
                yield own.removesuffix("s")

    def loose_names(self) -> Iterator[str]:
        """Yield what it may be called without the words that narrow its name."""
        words = [_DIGITS.sub("", word) for word in tokens(self.steps[-1])]
        yield "".join(words)
        yield "".join(word for word in words if word not in QUALIFIERS)


def walk_record(shapes: Shapes, record: Any) -> Iterator[Leaf]:
    """Yield the values of a record and of the objects inside it, outermost first."""
    level = [Leaf((), record, "")]
    count = 0
    for _ in range(DEPTH_MAX):
        following: list[Leaf] = []
        for outer in level:
            for name, schema in shapes.properties(outer.schema).items():
                count += 1
                if count > FIELDS_MAX:
                    return
                leaf = Leaf((*outer.steps, name), schema, _below(outer, name), outer.listed)
                types = shapes.types(schema)
                if "array" in types:
                    yield from _of_list(shapes, leaf, following)
                elif "object" not in types:
                    yield leaf
                elif not name.startswith("_"):
                    following.append(leaf)
        level = following


def _below(outer: Leaf, name: str) -> str:
    """Write the way to a field of an object."""
    if not outer.path:
        return dotted([name])
    step = dotted([name])
    return f"{outer.path}{step}" if step.startswith("[") else f"{outer.path}.{step}"


def _of_list(shapes: Shapes, leaf: Leaf, following: list[Leaf]) -> Iterator[Leaf]:
    """Yield what stands in a list of a customer's own things, or note its first object."""
    items = shapes.items(leaf.schema)
    first = Leaf(leaf.steps, items, f"first({leaf.path})", listed=True)
    if "string" in shapes.types(items):
        yield first
        return
    own = plain(leaf.steps[-1])
    if (
        own not in LISTS
        and own.removesuffix("s") not in LISTS
        and own.removesuffix("es") not in LISTS
    ):
        return
    kinds = _kinds_of_entries(shapes, items)
    if kinds is None:
        following.append(first)
        return
    field, value, codes = kinds
    for code in codes:
        word = "phone" if plain(code) in _PHONES else "email"
        path = f"pick({leaf.path}, '{field}', '{code}').{value}"
        yield Leaf((*leaf.steps, word), shapes.properties(items)[value], path, listed=True)


def _kinds_of_entries(shapes: Shapes, items: Any) -> tuple[str, str, list[str]] | None:
    """Return field, value and codes of a list whose entries are telephones and mail addresses."""
    fields = shapes.properties(items)
    value = next((name for name in fields if plain(name) in GENERIC), None)
    for name, schema in fields.items():
        listed = shapes.word(schema, "enum")
        codes = (
            [code for code in listed if isinstance(code, str)] if isinstance(listed, list) else []
        )
        wanted = [code for code in codes if plain(code) in _PHONES | _MAILS]
        if value is not None and {plain(code) for code in wanted} & _MAILS:
            return name, value, wanted
    return None
