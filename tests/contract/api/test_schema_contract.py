"""The published contract is what the code serves, and changes to it are made on purpose."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def write_schema() -> ModuleType:
    path = ROOT / "tools" / "write_schema.py"
    spec = importlib.util.spec_from_file_location("write_schema", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["write_schema"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def served(write_schema: ModuleType) -> str:
    text: str = write_schema.contract()
    return text


def test_no_change_breaks_a_question_people_ask_today(
    write_schema: ModuleType, served: str
) -> None:
    changes = write_schema.broken(write_schema.CONTRACT.read_text(), served)
    assert not changes, "breaking; meant? then `python tools/write_schema.py --break`:\n" + (
        "\n".join(changes)
    )


def test_contract_and_reference_are_up_to_date(write_schema: ModuleType) -> None:
    for path, text in write_schema.pages_written().items():
        assert path.read_text() == text, "run `python tools/write_schema.py`"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("  totalCount: Int!\n", "  total: Int!\n", "totalCount was removed"),
        ("RUNNING\n", "WALKING\n", "RUNNING was removed"),
        ("first: Int = null", "first: Int!", "changed type"),
        ("  displayName: String!", "  displayName: Int!", "changed type"),
    ],
)
def test_a_breaking_change_is_named(
    write_schema: ModuleType, served: str, old: str, new: str, told: str
) -> None:
    changes = write_schema.broken(served, served.replace(old, new))
    assert any(told in change for change in changes), changes


def test_an_addition_breaks_nothing(write_schema: ModuleType, served: str) -> None:
    after = served.replace("  totalCount: Int!\n", "  totalCount: Int!\n  more: Int\n")
    assert write_schema.broken(served, after) == []
    assert write_schema.broken(after, served) != []
