"""Which documents and rule sets `interfaces check` means: files, folders, patterns, stdin.

A folder and a pattern give the interface documents in them; a file named itself is always checked,
whatever it is. Without --ruleset a rule set in the current folder is used, as Spectral does.
"""

import glob
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Annotated, TypeAlias
from urllib.parse import unquote

import typer

from registry.compliance.checking import check_document
from registry.compliance.document import BYTES_MAX
from registry.compliance.engine import MISFIT
from schemas.compliance import CheckedDocument
from townclerk.cli.files import UnreadableFile, read_bytes

FILES_MAX = 10_000  # of one command; a national register has some thousand interfaces
LOOK_BYTES_MAX = 64 * 2**10  # a licence and a description may stand before the first key
STDIN = Path("-")
RULE_SETS_DEFAULT = ("spectral:oas", "townclerk:municipal")
RULE_SET_FILES = (
    ".spectral.yaml", ".spectral.yml", ".spectral.json",
    "spectral.yaml", "spectral.yml", "spectral.json",
)  # fmt: skip
_ADDRESS = re.compile(r"(?:https?|ftp|file):/", re.IGNORECASE)  # a path has lost one slash
_TEXTS = frozenset({".yaml", ".yml", ".json"})
_OTHERS = frozenset({".graphql", ".graphqls", ".gql", ".wsdl"})
_SPEAKS = re.compile(rb"""(?:^|[{,\s])["']?(?:openapi|swagger|asyncapi)["']?\s*:""", re.MULTILINE)

StdinName: TypeAlias = Annotated[
    str, typer.Option(help="Name of what `-` reads; its end tells JSON from YAML.")
]


def documents(names: Sequence[Path], stdin_name: str) -> Iterator[tuple[str, bytes]]:
    """Read what was named, in the order in which it was named, each file once.

    Args:
        names: Files, folders, patterns with `*`, `?` or `**`, or `-` for standard input.
        stdin_name: Name for what standard input gives.

    Raises:
        UnreadableFile: A file cannot be read, a folder or pattern gives none, or there are more
            than ten thousand.
    """
    seen: set[Path] = set()
    for name in names:
        if name == STDIN:
            yield stdin_name, sys.stdin.buffer.read(BYTES_MAX + 1)
            continue
        if _ADDRESS.match(name.as_posix()):
            raise UnreadableFile(
                f"{name.as_posix().replace(':/', '://', 1)} is an address, and only files are "
                "checked.",
                remedy="Download it, for instance with `curl -o FILE ADDRESS`; of a registered "
                "interface `townclerk interfaces probe URN` looks at what is published.",
            )
        for file in _files(name):
            if file in seen:
                continue
            seen.add(file)
            if len(seen) > FILES_MAX:
                raise UnreadableFile(f"{name} gives more than {FILES_MAX:,} files.")
            yield file.as_posix(), read_bytes(file, bytes_max=BYTES_MAX + 1, cut=True)


def rule_sets_here() -> tuple[str, ...]:
    """Return the rule sets that count when none is named: the folder's own, or ours."""
    found = next((name for name in RULE_SET_FILES if Path(name).is_file()), None)
    return (found,) if found is not None else RULE_SETS_DEFAULT


def without_misfits(one: CheckedDocument) -> CheckedDocument:
    """Leave out that a rule set does not fit a document, where nobody has asked for the rule set.

    Our own default is for OpenAPI; AsyncAPI and what is no interface have the judge of structure.
    """
    judged = tuple(each for each in one.judged if each.finding.code != MISFIT)
    return replace(one, judged=judged)


def referenced(document: Path, content: bytes, files: Sequence[Path]) -> dict[str, str]:
    """Return the hashes of files that a document refers to, by reference.

    Args:
        document: Where the document stands; its references are relative to it.
        content: Its bytes.
        files: The files, as a person named them; no others are read.

    Raises:
        UnreadableFile: One cannot be read, or the document does not refer to it.
    """
    outside = check_document(content, document.name, structure=False).outside if files else ()
    found: dict[str, str] = {}
    for file in files:
        digest = sha256(read_bytes(file, bytes_max=BYTES_MAX)).hexdigest()
        places = [
            place for place in outside
            if "://" not in place and (document.parent / unquote(place)).resolve() == file.resolve()
        ]  # fmt: skip
        if not places:
            raise UnreadableFile(
                f"{document} does not refer to {file}.",
                remedy="Name the files behind its references to other files; leave out the others.",
            )
        found.update(dict.fromkeys(places, digest))
    return found


def _files(name: Path) -> list[Path]:
    if name.is_dir():
        found = sorted(file for file in name.rglob("*") if _is_document(file, name))
    elif not name.exists() and glob.has_magic(str(name)):
        names = glob.iglob(str(name), recursive=True)  # noqa: PTH207  # takes absolute ones too
        matches = (Path(match) for match in names)
        found = sorted(file for file in matches if file.is_file())
    else:
        return [name]
    if not found:
        raise UnreadableFile(
            f"{name} gives no interface document.",
            remedy="Name a file, or a folder with OpenAPI, AsyncAPI, GraphQL or WSDL documents.",
        )
    return found


def _is_document(file: Path, folder: Path) -> bool:
    """Say whether a file of a folder is an interface document, by its name and first lines."""
    below = file.relative_to(folder).parts
    if any(part.startswith(".") or part == "node_modules" for part in below):
        return False
    suffix = file.suffix.lower()
    if suffix in _OTHERS:
        return file.is_file()
    if suffix not in _TEXTS or not file.is_file():
        return False
    return _SPEAKS.search(read_bytes(file, bytes_max=LOOK_BYTES_MAX, cut=True)) is not None
