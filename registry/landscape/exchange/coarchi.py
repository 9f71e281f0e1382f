"""Reads and writes coArchi's folder: Archi's objects, one small XML file each, for use in git.

An object is the same as in an .archimate file, spelled otherwise: texts are attributes, references
are links to other files. Here one spelling is turned into the other; Archi's reader and writer do
the rest. Files are written byte for byte as coArchi lays them out, so that git shows real changes.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from lxml import etree

from registry.landscape.exchange import archi
from registry.landscape.exchange.archi_reader import ArchiReader
from registry.landscape.exchange.archi_writer import ArchiWriter
from registry.landscape.exchange.coarchi_layout import laid_out
from registry.landscape.exchange.model import Folder, Model
from registry.landscape.exchange.refusals import ModelFileRefused
from registry.landscape.exchange.xml_in import XSI, XSI_TYPE, local, parse_small

_FOLDER_FILE = "folder.xml"
# coArchi's plural tags, and Archi's.
_TAGS: Mapping[str, str] = {
    "bendpoints": "bendpoint",
    "children": "child",
    "features": "feature",
    "profiles": "profile",
    "properties": "property",
    "sourceConnections": "sourceConnection",
}
_PLURALS: Mapping[str, str] = {singular: plural for plural, singular in _TAGS.items()}
# References: coArchi's child element with a link, and Archi's attribute with an id.
_LINKS: Mapping[str, str] = {
    "archimateElement": "archimateElement",
    "archimateRelationship": "archimateRelationship",
    "profiles": "profiles",
    "referencedModel": "model",
    "source": "source",
    "target": "target",
}
_LINK_TAGS: Mapping[str, str] = {attribute: tag for tag, attribute in _LINKS.items()}
_PLAIN_NAME = re.compile(r"(?!\.)[\w.\- ]{1,200}(?<![. ])")
_TEXTS = ("documentation", "purpose", "content", "notes", "hintContent")


def wanted(path: str) -> bool:
    """Tell whether a file of a coArchi folder belongs to the model."""
    parts = PurePosixPath(path).parts
    return parts[-1].endswith(".xml") or "images" in parts[:-1]


def read_coarchi(files: Mapping[str, bytes], *, file: str = "the folder") -> Model:
    """Read a coArchi folder.

    Args:
        files: Its files by path, as archive.unpack or archive.unpack_folder return them.
        file: Its name, for messages.

    Raises:
        ModelFileRefused: No model in it, a folder without its folder.xml, or whatever Archi's
            reader refuses; names the file.
    """
    base = _base(files, file)
    tree = _Tree(files, base)
    reader = ArchiReader(file, many_files=True)
    for name in tree.folders(base):
        _read_folder(reader, tree, name)
    top = f"{base}/{_FOLDER_FILE}"
    reader.file = top
    reader.whole_model(_to_archi(parse_small(files[top], file=top)))
    images = PurePosixPath(base).parent / "images"
    for name in sorted(files):
        if PurePosixPath(name).is_relative_to(images):
            key = PurePosixPath("images") / PurePosixPath(name).relative_to(images)
            reader.model.attachments[str(key)] = files[name]
    return reader.model


class _Tree:
    """The files of a folder, found by the folder they lie in."""

    def __init__(self, files: Mapping[str, bytes], base: str) -> None:
        self.files = files
        self._files: dict[str, list[str]] = {}
        self._folders: dict[str, set[str]] = {}
        for name in files:
            path = PurePosixPath(name)
            if not path.is_relative_to(base):
                continue
            self._files.setdefault(str(path.parent), []).append(name)
            for above in path.parents:
                if str(above) == base:
                    break
                self._folders.setdefault(str(above.parent), set()).add(str(above))

    def folders(self, folder: str) -> list[str]:
        return sorted(self._folders.get(folder, ()))

    def objects(self, folder: str) -> list[str]:
        names = self._files.get(folder, ())
        return sorted(n for n in names if n.endswith(".xml") and not n.endswith("/" + _FOLDER_FILE))


def _base(files: Mapping[str, bytes], file: str) -> str:
    """Return the folder that holds the model itself."""
    found = [
        name
        for name, data in files.items()
        if PurePosixPath(name).name == _FOLDER_FILE and b"ArchimateModel" in data[:300]
    ]
    if not found:
        raise ModelFileRefused(
            f"it holds no {_FOLDER_FILE} of an Archi model.",
            file=file,
            remedy="Give the folder that coArchi keeps in git, with its sub-folder `model`.",
        )
    return str(PurePosixPath(min(found, key=len)).parent)


def _read_folder(reader: ArchiReader, tree: _Tree, name: str) -> None:
    about = f"{name}/{_FOLDER_FILE}"
    if about not in tree.files:
        raise ModelFileRefused(f"the folder {name!r} has no {_FOLDER_FILE}.", file=reader.file)
    reader.file = about
    xml = _to_archi(parse_small(tree.files[about], file=about))
    reader.open_folder(xml)
    for inner in tree.folders(name):
        _read_folder(reader, tree, inner)
    for path in tree.objects(name):
        reader.file = path
        reader.member(_to_archi(parse_small(tree.files[path], file=path)))
    reader.close_folder(xml)


def _to_archi(root: Any) -> Any:
    """Spell one coArchi object as it would stand in an .archimate file."""
    for xml in list(root.iter()):
        for key in _TEXTS:
            if (text := xml.attrib.pop(key, None)) is not None:
                etree.SubElement(xml, key).text = text
        for child in list(xml):
            if local(child.tag) in _LINKS and "href" in child.attrib:
                attribute = _LINKS[local(child.tag)]
                ref = child.get("href").rpartition("#")[2]
                xml.set(attribute, f"{xml.get(attribute)} {ref}" if xml.get(attribute) else ref)
                xml.remove(child)
        if xml is not root:
            xml.tag = _TAGS.get(xml.tag, xml.tag)
    name = local(root.tag)
    if name == "Folder":
        root.tag = "folder"
    elif name != "ArchimateModel":
        root.tag = "element"
        root.set(XSI_TYPE, archi.PREFIX + name)
    return root


def write_coarchi(model: Model) -> dict[str, bytes]:
    """Return the model as the files of a coArchi folder, by path.

    Write them below a folder, or pack them with archive.pack_zip.
    """
    return dict(_Files(model).all())


class _Files:
    def __init__(self, model: Model) -> None:
        self.model = model
        self.writer = ArchiWriter(model)
        self.types: dict[str, str] = {}

    def all(self) -> Iterator[tuple[str, bytes]]:
        members = {item: self.parsed(item) for folder in self.writer.tree for item in _ids(folder)}
        self.types = {thing: xml.get(XSI_TYPE).rpartition(":")[2] for thing, xml in members.items()}
        about = "\n".join(self.writer.about_model(""))
        model = self.xml(f"<model{self.writer.root_attributes()}>{about}</model>")
        yield f"model/{_FOLDER_FILE}", laid_out(self.to_coarchi(model, "ArchimateModel"))
        for folder in self.writer.tree:
            name = _file_name(folder.kind or folder.id)
            yield from self.folder(folder, f"model/{name}", members)
        for name, data in self.model.attachments.items():
            yield "/".join(_file_name(part) for part in name.split("/")), data

    def folder(
        self, folder: Folder, path: str, members: dict[str, Any]
    ) -> Iterator[tuple[str, bytes]]:
        bare = Folder(
            id=folder.id,
            kind=folder.kind,
            names=folder.names,
            documentation=folder.documentation,
            properties=folder.properties,
            residue=folder.residue,
        )
        xml = self.xml(self.writer.folder(bare, ""))
        yield f"{path}/{_FOLDER_FILE}", laid_out(self.to_coarchi(xml, "Folder"))
        for item in folder.items:
            if isinstance(item, Folder):
                yield from self.folder(item, f"{path}/{_file_name(item.id)}", members)
            else:
                kind = self.types[item]
                data = laid_out(self.to_coarchi(members[item], kind))
                yield f"{path}/{kind}_{_file_name(item)}.xml", data

    def parsed(self, thing: str) -> Any:
        return self.xml(self.writer.member(thing, ""))

    def xml(self, text: str) -> Any:
        around = f'<x xmlns:xsi="{XSI}" xmlns:archimate="{archi.NAMESPACE}">{text}</x>'
        return etree.fromstring(around)[0]

    def to_coarchi(self, root: Any, name: str) -> Any:
        """Spell one of Archi's objects as coArchi does."""
        root.attrib.pop(XSI_TYPE, None)
        for xml in list(root.iter()):
            for child in list(xml):
                if child.tag in _TEXTS and not child.keys():
                    xml.set(child.tag, child.text or "")
                    xml.remove(child)
                elif child.tag in _PLURALS:
                    child.tag = _PLURALS[child.tag]
            if not (xml.text or "").strip():
                xml.text = None  # layout of the spelling we came from
            for attribute, tag in _LINK_TAGS.items():
                owner = attribute not in {"source", "target"} or xml is root
                if owner and xml.tag != "features" and attribute in xml.attrib:
                    for ref in xml.attrib.pop(attribute).split():
                        self.link(xml, tag, ref)
        root.tag = f"{{{archi.NAMESPACE}}}{name}"
        return root

    def link(self, xml: Any, tag: str, ref: str) -> None:
        child = etree.SubElement(xml, tag)
        if ref in self.types:
            kind = self.types[ref]
            child.set(XSI_TYPE, archi.PREFIX + kind)
            child.set("href", f"{kind}_{ref}.xml#{ref}")
        else:
            child.set("href", f"{_FOLDER_FILE}#{ref}")


def _file_name(name: str) -> str:
    """Return a name that is one plain file name everywhere, or refuse it.

    Ids come from strangers: `../../x` would be written outside of the folder.
    """
    if not _PLAIN_NAME.fullmatch(name):
        raise ModelFileRefused(
            f"{name[:100]!r} cannot be the name of a file.",
            file="the export",
            thing=name[:100],
            remedy="Save the model as Archi's file or as exchange XML instead.",
        )
    return name


def _ids(folder: Folder) -> Iterator[str]:
    for item in folder.items:
        if isinstance(item, Folder):
            yield from _ids(item)
        else:
            yield item
