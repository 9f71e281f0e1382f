"""Files that a person names: each trouble is one clear error, and none eats the memory."""

import os
import re
from pathlib import Path

import pytest

from townclerk.cli import run
from townclerk.cli.files import UnreadableFile, read_text

BYTES_MAX = 1000


def refusal(file: Path) -> UnreadableFile:
    with pytest.raises(UnreadableFile) as refused:
        read_text(file, bytes_max=BYTES_MAX)
    assert str(file) in refused.value.what
    return refused.value


def test_a_file_of_exactly_the_size_is_read(tmp_path: Path) -> None:
    (tmp_path / "full").write_text("é" * (BYTES_MAX // 2))
    assert len(read_text(tmp_path / "full", bytes_max=BYTES_MAX)) == BYTES_MAX // 2


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    (tmp_path / "bom").write_bytes(b"\xef\xbb\xbfelements: []")
    assert read_text(tmp_path / "bom", bytes_max=BYTES_MAX) == "elements: []"


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    assert "No such file" in refusal(tmp_path / "nothing").what
    assert "Is a directory" in refusal(tmp_path).what


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "huge").touch()
    os.truncate(tmp_path / "huge", 2**40)
    assert "larger than 1,000 bytes" in refusal(tmp_path / "huge").what
    assert "larger than" in refusal(Path("/dev/zero")).what


def test_the_line_of_a_byte_that_is_not_utf8_is_told(tmp_path: Path) -> None:
    (tmp_path / "cp1252").write_bytes("one\ntwo\nCafé\n".encode("cp1252"))
    assert "line 3" in refusal(tmp_path / "cp1252").what


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("deep.yaml", "[" * 100_000, "line 1"),
        ("deep.json", '{"a":' * 100_000, "line 1"),
        ("laugh.yaml", "a: &a [x, x]\nb: &b [*a, *a]\n", "line 2: .*aliases"),
        ("tab.yaml", "elements:\n\t- a", "line 2"),
        ("bell.yaml", "a: \x07", "not allowed"),
        ("half.json", '{"elements": [\n{"urn": ', "line 2"),
        ("date.yaml", "elements: [2020-13-40]", "line 1"),
        ("text.yaml", "just words", "landscape is not as it should be"),
        ("other.yaml", "elements: [{urn: x}]", "elements"),
    ],
)
def test_a_landscape_file_that_is_none_is_refused_before_the_database_is_opened(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, text: str, said: str
) -> None:
    (tmp_path / name).write_text(text)
    assert run(["landscape", "register", str(tmp_path / name)]) == 2
    error = capsys.readouterr().err
    assert re.search(said, error), error
    assert "How to fix:" in error


def test_a_star_in_a_name_is_no_alias(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "star.yaml").write_text("elements:\n- {urn: wrong, name: '* new * name'}\n")
    run(["landscape", "register", str(tmp_path / "star.yaml")])
    assert "alias" not in capsys.readouterr().err
