"""GraphQL Inspector finds the same breaks in our contract that our own comparison finds."""

from pathlib import Path

from benchmarks.figures import Figure, keep
from tests.conformance.graphql.conftest import RunNode

CONTRACT = Path(__file__).parents[3] / "schemas" / "contracts" / "registry.graphql"


def test_the_contract_breaks_nothing_of_itself(run_node: RunNode) -> None:
    assert run_node("inspect.mjs", CONTRACT, CONTRACT) == []


BREAKS = (
    ("  totalCount: Int!\n", "  total: Int!\n", "totalCount"),
    ("RUNNING\n", "WALKING\n", "RUNNING"),
    ("  expectedRevision: Int!\n", "  expectedRevision: String!\n", "expectedRevision"),
)


def test_every_break_is_named(run_node: RunNode, tmp_path: Path) -> None:
    text = CONTRACT.read_text()
    changed = tmp_path / "changed.graphql"
    named = 0
    for old, new, told in BREAKS:
        assert old in text
        changed.write_text(text.replace(old, new))
        named += any(told in change for change in run_node("inspect.mjs", CONTRACT, changed))
    how = "a field gone, a value of an enum renamed, an argument of another type"
    promise = f">= {len(BREAKS)}"
    figure = Figure(f"breaks named, of {len(BREAKS)}", named, "", promise, how)
    keep("graphql_inspector", [figure], "make conformance")
    assert named == len(BREAKS)
