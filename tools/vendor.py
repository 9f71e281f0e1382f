"""Make registry/web/static/vendor again: other people's scripts, as published, with their licences.

For maintainers; needs npm and a package registry. Fetches the pinned versions, checks them
against the registry's own checksum, copies what a browser needs, collects the licence of every
package that is inside a bundle, and writes the lock that a test and the page compare files with.
"""

import base64
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
VENDOR = ROOT / "registry" / "web" / "static" / "vendor"
LOCK = VENDOR / "vendor.lock.json"
# What may be passed on inside a product under the EUPL with no more than its notice.
LICENCES = {"MIT", "ISC", "0BSD", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0"}


@dataclass(frozen=True)
class Package:
    """One pinned package.

    Attributes:
        name: Name in the registry; also the folder its files get.
        version: Exactly this one.
        files: Paths inside the package.
        bundle: Source map that tells which other packages are inside; never shipped.
    """

    name: str
    version: str
    files: tuple[str, ...]
    bundle: str | None = None


# The last GraphiQL that is published as one file; its successors bring a 4 MB editor in workers.
PACKAGES = (
    Package("react", "18.3.1", ("umd/react.production.min.js", "LICENSE")),
    Package("react-dom", "18.3.1", ("umd/react-dom.production.min.js", "LICENSE")),
    Package(
        "graphiql",
        "4.1.2",
        ("graphiql.min.js", "graphiql.min.css", "LICENSE"),
        bundle="graphiql.min.js.map",
    ),
)
# Folders of GraphiQL's own repository, as its source map calls them, and their package names.
SIBLINGS = {
    "graphiql-react": "@graphiql/react",
    "graphiql-toolkit": "@graphiql/toolkit",
    "graphiql-plugin-doc-explorer": "@graphiql/plugin-doc-explorer",
    "graphiql-plugin-history": "@graphiql/plugin-history",
    "graphql-language-service": "graphql-language-service",
    "codemirror-graphql": "codemirror-graphql",
}
NO_TEXT = "The package holds no licence text of its own; it is by {author} and under {licence}."


def main() -> None:
    """Fetch, check, copy, lock."""
    shutil.rmtree(VENDOR, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="townclerk-vendor-") as place:
        lock = {"packages": [vendor(package, Path(place)) for package in PACKAGES]}
    LOCK.write_text(json.dumps(lock, indent=2) + "\n")
    total = sum(file.stat().st_size for file in VENDOR.rglob("*") if file.is_file())
    sys.stdout.write(f"{VENDOR.relative_to(ROOT)}: {total:,} bytes\n")


def vendor(package: Package, scratch: Path) -> dict[str, Any]:
    """Bring one package in and return its part of the lock."""
    packed = npm_json(scratch, "pack", "--json", f"{package.name}@{package.version}")[0]
    archive = scratch / packed["filename"]
    check(archive, packed["integrity"])
    with tarfile.open(archive) as tar:

        def read(path: str) -> bytes:
            member = tar.extractfile(f"package/{path}")
            assert member, f"{package.name} {package.version} has no {path}"
            return member.read()

        texts = {Path(path).name: without_extras(path, read(path)) for path in package.files}
        licence = json.loads(read("package.json"))["license"]
        assert licence in LICENCES, (package.name, licence)
        if package.bundle:
            inside = packages_inside(json.loads(read(package.bundle))["sources"])
            texts["LICENSES-OF-PARTS.txt"] = notices(package, inside, scratch)
    folder = VENDOR / package.name
    folder.mkdir(parents=True)
    for name, content in texts.items():
        (folder / name).write_bytes(content)
    return {
        "name": package.name,
        "version": package.version,
        "licence": licence,
        "integrity": packed["integrity"],
        "files": {f"{package.name}/{name}": sha384(texts[name]) for name in sorted(texts)},
    }


def without_extras(path: str, content: bytes) -> bytes:
    """Take out what we do not ship: fonts of another licence, and the address of a source map."""
    if path.endswith(".css"):
        content = re.sub(rb"@font-face\s*\{[^}]*\}", b"", content)
    return re.sub(rb"\n?(//# sourceMappingURL=\S+|/\*# sourceMappingURL=\S+ \*/)\s*$", b"", content)


def packages_inside(sources: Iterable[str]) -> list[str]:
    """Return the names of the packages that a source map mentions."""
    names = set()
    for source in sources:
        _, found, inside = source.rpartition("node_modules/")
        parts = inside.split("/")
        if found:
            names.add("/".join(parts[: 2 if parts[0].startswith("@") else 1]))
        elif source.startswith("../../"):
            names.add(SIBLINGS[parts[2]])
    return sorted(names)


def notices(package: Package, names: list[str], scratch: Path) -> bytes:
    """Return the licences of the packages inside a bundle, equal texts once."""
    (scratch / "package.json").write_text("{}")
    install(scratch, f"{package.name}@{package.version}", "react@18", "react-dom@18")
    missing = [name for name in names if not (scratch / "node_modules" / name).exists()]
    if missing:
        install(scratch, *missing)
    owners: dict[str, list[str]] = {}
    for name in names:
        folder = scratch / "node_modules" / name
        about = json.loads((folder / "package.json").read_text())
        assert about["license"] in LICENCES, (name, about["license"])
        owners.setdefault(licence_text(folder, about), []).append(f"{name} ({about['license']})")
    head = f"{package.name} {package.version} holds parts of these packages.\n"
    parts = [f"{', '.join(who)}\n\n{text}" for text, who in owners.items()]
    return f"\n{'-' * 78}\n".join([head, *parts]).encode()


def licence_text(folder: Path, about: dict[str, Any]) -> str:
    """Return a package's licence text, or a sentence that names its author and licence."""
    for file in sorted(folder.iterdir()):
        if re.match(r"(licen[cs]e|copying)", file.name, re.IGNORECASE):
            return file.read_text().strip().replace("\r\n", "\n") + "\n"
    author = about.get("author") or "its contributors"
    named = author if isinstance(author, str) else author["name"]
    return NO_TEXT.format(author=named, licence=about["license"]) + "\n"


def install(scratch: Path, *names: str) -> None:
    """Install packages, whose programs never run, to read their licences."""
    npm(scratch, "install", "--ignore-scripts", "--no-audit", "--no-fund", *names)


def check(archive: Path, integrity: str) -> None:
    """The archive is the one the registry vouches for."""
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    assert integrity == f"sha512-{digest}", archive.name


def sha384(content: bytes) -> str:
    """Return a checksum as browsers compare it (W3C Subresource Integrity)."""
    return "sha384-" + base64.b64encode(hashlib.sha384(content).digest()).decode()


def npm_json(scratch: Path, *arguments: str) -> Any:
    """Run npm and read its answer."""
    return json.loads(npm(scratch, *arguments))


def npm(scratch: Path, *arguments: str) -> str:
    """Run npm in the scratch folder."""
    return subprocess.run(
        ["npm", *arguments], cwd=scratch, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


if __name__ == "__main__":
    main()
