"""What a format did not hold: a model counted before, and again as read back from its export.

Nothing is claimed of a format in general; the very file that was written is looked at.
"""

from collections import Counter
from collections.abc import Iterable

from msgspec import Struct

from registry.landscape.exchange.model import Connection, Dialect, Model, Node, Thing, View
from registry.landscape.exchange.municipal import KIND_PROPERTY


class Loss(Struct, frozen=True):
    """One sort of thing of which the file holds less than the model.

    Args:
        what: The sort, in words.
        there: How many the model has.
        lost: How many of them the file does not hold.
    """

    what: str
    there: int
    lost: int


def losses(model: Model, read_back: Model) -> list[Loss]:
    """Return what a model says and its export does not, the weightiest sort first.

    Args:
        model: What was written.
        read_back: What was read from the file.
    """
    there, back = content(model), content(read_back)
    return [
        Loss(what, number, number - min(number, back[what]))
        for what, number in there.items()
        if number > back[what]
    ]


def content(model: Model) -> Counter[str]:
    """Count what a model says, sort by sort."""
    found: Counter[str] = Counter()
    found["elements"] = len(model.elements)
    found["kinds of our own"] = sum(
        1 for element in model.elements.values() if model.values(element, KIND_PROPERTY)
    )
    found["relationships"] = len(model.relationships)
    for one in model.relationships.values():
        found["kinds of access"] += one.access not in {None, "Access"}
        found["strengths and directions"] += bool(one.strength) + bool(one.directed)
    found["named specialisations"] = sum(
        len(element.specialisations) for element in model.elements.values()
    ) + sum(len(one.specialisations) for one in model.relationships.values())
    things: list[Thing] = [model, *model.elements.values(), *model.relationships.values()]
    found["descriptions"] = sum(1 for t in things if any(d.text for d in t.documentation))
    found["property values"] = sum(len(thing.properties) for thing in things)
    texts = [text for t in things for text in (*t.names, *t.documentation)]
    found["languages of texts"] = sum(1 for text in texts if text.language)
    found["folders"] = sum(1 for _ in model.folders())
    _count_views(model.views.values(), found)
    found["pictures"] = len(model.attachments)
    found["facts only the first format knows"] = sum(
        len(t.residue.attributes) + len(t.residue.children) + len(t.residue.verbatim)
        for t in (*things, *model.views.values())
        if t.residue is not None and model.dialect is not Dialect.TABLES
    )
    return found


def _count_views(views: Iterable[View], found: Counter[str]) -> None:
    for view in views:
        sketch = view.kind != "archimate"
        found["sketches" if sketch else "views"] += 1
        drawn: list[Node | Connection] = [*view.all_nodes(), *view.connections]
        for one in drawn:
            sort = "boxes on views" if isinstance(one, Node) else "lines on views"
            found["boxes and lines of sketches" if sketch else sort] += 1
            found["styles of boxes and lines"] += one.style is not None
