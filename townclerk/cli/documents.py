"""Read a YAML or JSON file that a person named, without the traps of YAML."""

import json
import re
from pathlib import Path

import yaml

from schemas.errors import InvalidInput
from townclerk.cli.files import read_text

FILE_BYTES_MAX = 64 * 1024 * 1024  # a whole national reference architecture has 16 MB
ALIAS = re.compile(r"(?m)(?:^|[\s\[{,:-])\*[^\s*]")  # what may be an alias; the parser knows


def read_document(file: Path) -> object:
    """Return the data of a YAML or JSON file.

    Raises:
        InvalidInput: The file cannot be read, or is neither YAML nor JSON.
    """
    text = read_text(file, bytes_max=FILE_BYTES_MAX)
    try:
        # Every JSON is YAML, but a large one is read twenty times faster as what it is.
        return json.loads(text) if text.lstrip().startswith(("{", "[")) else _read_yaml(file, text)
    except json.JSONDecodeError as error:
        raise _unreadable(file, error.lineno, error.msg) from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise _unreadable(file, line, error.problem or "not YAML") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _unreadable(
            file, 1, "it holds a date, a character or a depth that is not allowed"
        ) from error


def _read_yaml(file: Path, text: str) -> object:
    """Read YAML without aliases: nested, a few of them expand to gigabytes."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # written in C where it was built
    if ALIAS.search(text):
        for event in yaml.parse(text, Loader=loader):
            if isinstance(event, yaml.AliasEvent):
                line = event.start_mark.line + 1 if event.start_mark else 1
                raise _unreadable(file, line, "aliases are not allowed here")
    return yaml.load(text, Loader=loader)  # noqa: S506  # both loaders are the safe ones


def _unreadable(file: Path, line: int, problem: str) -> InvalidInput:
    return InvalidInput(
        f"{file}, line {line}: this is not readable as YAML or JSON: {problem}.",
        remedy="Mend that line; docs/how-to/connect-a-system.md shows a whole file.",
        line=line,
    )
