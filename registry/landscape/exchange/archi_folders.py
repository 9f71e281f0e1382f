"""Lays a model from another format into the folders Archi expects: one top folder per layer."""

from collections.abc import Iterator
from hashlib import blake2b

from registry.landscape.exchange import archi
from registry.landscape.exchange.model import Dialect, Folder, Model, Text
from registry.landscape.exchange.opengroup import metamodel_concept
from registry.landscape.metamodel import layer_of

_KIND_OF_NAME = {name: kind for kind, name in archi.TOP_FOLDERS.items()}


def archi_tree(model: Model) -> list[Folder]:
    """Return the model's folders as Archi needs them: every object in one folder of its layer.

    A model that came from Archi keeps its folders as they are; new objects join their layer.
    """
    own = model.dialect is Dialect.ARCHI
    kept = [item for item in model.trees[0] if isinstance(item, Folder)] if own else []
    tops = {folder.kind: folder for folder in kept if folder.kind}
    placed = (
        {i for _, f in model.folders() for i in f.items if isinstance(i, str)} if own else set()
    )
    folders: dict[tuple[str, ...], Folder] = {}

    def top_of(kind: str) -> Folder:
        if kind not in tops:
            tops[kind] = Folder(
                id=_id_of((kind,)), kind=kind, names=(Text(archi.TOP_FOLDERS[kind]),)
            )
            kept.append(tops[kind])
        return tops[kind]

    def folder_at(kind: str, path: tuple[str, ...]) -> Folder:
        if not path:
            return top_of(kind)
        key = (kind, *path)
        if key not in folders:
            folders[key] = Folder(id=_id_of(key), names=(Text(path[-1]),))
            folder_at(kind, path[:-1]).items.append(folders[key])
        return folders[key]

    if not own:
        for kind in archi.TOP_FOLDERS:
            top_of(kind)
    for path, member in _members(model, own=own):
        if member not in placed:
            kind = _folder_kind(model, member)
            below = path[1:] if path[:1] in {("",), (archi.TOP_FOLDERS[kind],)} else path
            folder_at(kind, below).items.append(member)
            placed.add(member)
    if not own:
        for path, folder in model.folders():
            if not folder.items:
                kind = _KIND_OF_NAME.get(path[0], "other")
                folder_at(kind, path[1:] if path[0] in _KIND_OF_NAME else path)
    return kept


def _members(model: Model, *, own: bool) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield every object with its folder path; those in no folder come last, without one."""
    objects = model.elements.keys() | model.relationships.keys() | model.views.keys()
    if not own:
        for path, folder in model.folders():
            for item in folder.items:
                if isinstance(item, str) and item in objects:
                    yield path, item
    for collection in (model.elements, model.relationships, model.views):
        for key in collection:
            yield (), key


def _folder_kind(model: Model, member: str) -> str:
    if member in model.relationships:
        return "relations"
    if member in model.views:
        return "diagrams"
    layer = layer_of(metamodel_concept(model.elements[member].concept))
    return archi.FOLDER_OF_LAYER.get(layer, layer)


def _id_of(path: tuple[str, ...]) -> str:
    """Return the same id for the same folder path on every export."""
    return "id-" + blake2b("/".join(path).encode(), digest_size=16).hexdigest()
