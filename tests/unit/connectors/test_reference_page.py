"""The reference page: its examples are good files, and it names every option and function."""

import re
from pathlib import Path

import pytest

from connectors.sdk.connector import connector_kinds, find_connector
from connectors.sdk.functions import FUNCTIONS
from connectors.sdk.load import load_connector_file
from connectors.sdk.spec import CANONICAL_FIELDS, ConnectorFile, mapped_fields
from schemas.records import RECORD_TYPES, RecordKind

PAGE = (Path(__file__).parents[3] / "docs/reference/connector-file.md").read_text()
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_the_examples_are_good_files(number: int) -> None:
    assert load_connector_file(EXAMPLES[number], name="example.yaml").streams


def test_every_option_field_and_function_is_named() -> None:
    named = set(re.findall(r"`(\w+)", PAGE))
    options = set(ConnectorFile.model_fields) | set(CANONICAL_FIELDS) | set(RecordKind)
    for record in RECORD_TYPES.values():
        options |= set(mapped_fields(record))
    for kind in connector_kinds():
        options |= set(find_connector(kind).stream_type.model_fields)

    assert sorted((options | set(FUNCTIONS)) - named) == []
