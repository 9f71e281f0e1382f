"""GraphQL Inspector finds the same breaks in our contract that our own comparison finds."""

from pathlib import Path

import pytest

from tests.conformance.graphql.conftest import RunNode

CONTRACT = Path(__file__).parents[3] / "schemas" / "contracts" / "registry.graphql"


def test_the_contract_breaks_nothing_of_itself(run_node: RunNode) -> None:
    assert run_node("inspect.mjs", CONTRACT, CONTRACT) == []


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("  totalCount: Int!\n", "  total: Int!\n", "totalCount"),
        ("RUNNING\n", "WALKING\n", "RUNNING"),
        ("  expectedRevision: Int!\n", "  expectedRevision: String!\n", "expectedRevision"),
    ],
)
def test_a_break_is_named(run_node: RunNode, tmp_path: Path, old: str, new: str, told: str) -> None:
    text = CONTRACT.read_text()
    assert old in text
    changed = tmp_path / "changed.graphql"
    changed.write_text(text.replace(old, new))
    assert any(told in change for change in run_node("inspect.mjs", CONTRACT, changed))
