"""pytest judges connector files: `pytest --connectors crm.yaml`, each rule a test of its own.

Loaded by every run of pytest where Townclerk is installed, so it imports nothing before it is
asked for.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from connectors.sdk.conformance.rigs import Rig
    from connectors.sdk.conformance.rules import Rule


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that turns connector files into tests."""
    parser.addoption(
        "--connectors",
        action="store_true",
        help="Judge the connector files (*.yaml) among the arguments by Townclerk's rules.",
    )


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> "ConnectorFileTests | None":
    """Take a connector file as a collection of tests."""
    if file_path.suffix in (".yaml", ".yml") and parent.config.getoption("--connectors"):
        return ConnectorFileTests.from_parent(parent, path=file_path)
    return None


class ConnectorFileTests(pytest.File):
    """One connector file."""

    def collect(self) -> "Iterator[RuleTest]":
        """Return a test per stream and rule."""
        from connectors.sdk.conformance.rigs import find_rig
        from connectors.sdk.conformance.rules import RULES
        from connectors.sdk.load import load_connector_file

        spec = load_connector_file(self.path.read_text("utf-8"), name=self.path.name)
        for stream in spec.streams:
            rig = find_rig(spec, stream)
            for rule in RULES:
                yield RuleTest.from_parent(self, name=f"{stream}-{rule.name}", rig=rig, rule=rule)


class RuleTest(pytest.Item):
    """One rule for one stream."""

    def __init__(self, *, rig: "Rig", rule: "Rule", **options: Any) -> None:
        super().__init__(**options)
        self._rig, self._rule = rig, rule

    def runtest(self) -> None:
        """Judge the rule."""
        from connectors.sdk.conformance.checking import assert_kept

        assert_kept(self._rule, self._rig)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *_: Any) -> str:
        """Say what is wrong, without the kit's own inside."""
        return str(excinfo.value)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Say where the test comes from."""
        return self.path, 0, f"{self.path.name}: {self.name}"
