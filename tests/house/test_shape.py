"""The house's laws about shape: small files, small functions, words that say why."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FLOORS = ("schemas", "connectors", "registry", "flows", "townclerk")
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60
FORBIDDEN_FOLDERS = {"graphql", "types", "http", "logging", "utils", "common", "core", "helpers"}
ROOMS = ("landscape", "compliance", "intake", "customers", "access")


def product_files() -> list[Path]:
    return [path for floor in FLOORS for path in sorted((ROOT / floor).rglob("*.py"))]


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("path", product_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_says_what_it_is_for_and_fits_in_a_readers_head(path: Path) -> None:
    text = path.read_text()
    tree = ast.parse(text)
    if tree.body or path.name != "__init__.py":
        assert ast.get_docstring(tree), "a module opens with one sentence about what it is for"
    if "versions" in path.parts:
        return
    assert text.count("\n") <= FILE_LINES_MAX, f"over {FILE_LINES_MAX} lines"
    long = [
        f"{node.name}: {(node.end_lineno or 0) - node.lineno + 1} lines"
        for node in functions(tree)
        if (node.end_lineno or 0) - node.lineno + 1 > FUNCTION_LINES_MAX
    ]
    assert not long, f"functions over {FUNCTION_LINES_MAX} lines: {long}"


def test_no_folder_takes_the_name_of_a_library_or_of_nothing() -> None:
    taken = [
        str(path.relative_to(ROOT))
        for floor in FLOORS
        for path in (ROOT / floor).rglob("*")
        if path.is_dir() and path.name in FORBIDDEN_FOLDERS
    ]
    assert not taken


def test_only_the_edges_commit() -> None:
    """Rooms change; flows, api, pages and commands decide when a change counts."""
    guilty = [
        f"{path.relative_to(ROOT)}:{number}"
        for room in ROOMS
        for path in (ROOT / "registry" / room).rglob("*.py")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(r"\.(commit|rollback)\(", line)
    ]
    assert not guilty


def test_nothing_is_left_for_later() -> None:
    pattern = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|NotImplementedError")
    left = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in product_files()
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if pattern.search(line)
    ]
    assert not left


def test_our_own_code_is_never_mocked() -> None:
    ours = "|".join(FLOORS)
    pattern = re.compile(rf"""patch\(\s*["']({ours})\.|patch\.object\(|MagicMock|AsyncMock""")
    mocked = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "tests").rglob("*.py")
        if path != Path(__file__) and pattern.search(path.read_text())
    ]
    assert not mocked


def test_every_lint_exemption_carries_its_reason() -> None:
    bare = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in product_files()
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(r"#\s*(noqa|type: ignore)[^#]*$", line)
        and not re.search(r"#\s*(noqa|type: ignore)(: ?[\w, ]+|\[[\w, -]+\])?\s{1,2}#\s*\S", line)
    ]
    assert not bare
