"""What a log line says, and what it must never say."""

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from registry.settings import Settings
from schemas.errors import UnknownName
from townclerk.logs import CAUSES_MAX, TEXT_CHARACTERS_MAX, LogHandler, log_context, set_up_logs

logger = logging.getLogger("townclerk.test")


@pytest.fixture(autouse=True)
def own_logging() -> Iterator[None]:
    """Give the process its logging back."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:], _ = before
    root.setLevel(before[1])
    logging.captureWarnings(False)


def lines(log_format: str = "json", level: str = "info") -> io.StringIO:
    stream = io.StringIO()
    set_up_logs(Settings(log_format=log_format, log_level=level), stream=stream)  # type: ignore[arg-type]
    return stream


def last(stream: io.StringIO) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(stream.getvalue().splitlines()[-1])
    return found


def test_a_line_is_one_json_object_with_time_level_logger_and_message() -> None:
    stream = lines()
    logger.info("read %d pages", 3, extra={"source": "crm"})
    line = last(stream)
    assert datetime.fromisoformat(line.pop("time")).tzinfo is not None
    assert line == {
        "level": "info",
        "logger": "townclerk.test",
        "message": "read 3 pages",
        "source": "crm",
    }


def test_run_and_request_stand_in_every_line_also_in_tasks_and_threads() -> None:
    stream = lines()

    async def work() -> None:
        logger.info("task")
        await asyncio.to_thread(logger.info, "thread")

    with log_context(run_id="run-1"), log_context(correlation_id="request-1"):
        asyncio.run(work())
    logger.info("outside")
    task, thread, outside = map(json.loads, stream.getvalue().splitlines())
    for line in (task, thread):
        assert (line["run_id"], line["correlation_id"]) == ("run-1", "request-1")
    assert "run_id" not in outside


def fail_with(number: int, cause: Exception | None = None) -> None:
    raise ValueError(f"Key (bsn)=({number}) already exists") from cause


def test_the_words_of_foreign_exceptions_stay_out_for_they_quote_values() -> None:
    stream = lines()
    try:
        fail_with(999990019, ValueError(f"row {4321 * 2}"))
    except ValueError:
        logger.exception("a request failed")
    assert "999990019" not in stream.getvalue().replace("fail_with(999990019", "")
    assert "8642" not in stream.getvalue()
    assert last(stream)["exception"].count("ValueError") >= 2
    assert "caused by" in last(stream)["exception"]


def test_our_own_errors_keep_their_words() -> None:
    stream = lines()
    logger.error("failed", exc_info=UnknownName("There is no source crm."))
    assert last(stream)["exception"] == "UnknownName: There is no source crm."


def test_an_endless_chain_of_causes_ends() -> None:
    stream = lines()
    first, second = ValueError(), ValueError()
    first.__cause__, second.__cause__ = second, first
    logger.error("loop", exc_info=first)
    assert last(stream)["exception"].count("caused by") == CAUSES_MAX - 1


def test_a_name_cannot_forge_a_line() -> None:
    as_json, name = lines(), 'x"}\n{"level": "error", "message": "forged"}'
    logger.info(name)
    assert len(as_json.getvalue().splitlines()) == 1
    as_text = lines("text")
    logger.info("\x1b[31mred\r%s", name)
    first, *rest = as_text.getvalue().splitlines()
    assert all(line.startswith("    ") for line in rest)
    assert "\x1b" not in first
    assert "\r" not in as_text.getvalue()
    assert "\\x1b[31mred\\r" in first


def test_a_very_long_message_is_cut() -> None:
    stream = lines()
    logger.info("x" * (TEXT_CHARACTERS_MAX + 5))
    assert len(last(stream)["message"]) < TEXT_CHARACTERS_MAX + 50


def test_text_is_one_line_with_the_facts_behind_it() -> None:
    stream = lines("text")
    logger.warning("slow", extra={"seconds": 3.5})
    assert stream.getvalue().endswith("warning slow  [seconds=3.5]\n")


def test_what_is_no_terminal_gets_json() -> None:
    stream = lines("auto")
    logger.info("hello")
    assert last(stream)["message"] == "hello"


@pytest.mark.parametrize(
    "library", ["uvicorn.error", "uvicorn.access", "prefect.flow_runs", "httpx"]
)
def test_libraries_speak_up_only_when_something_is_wrong(
    library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A server that another test started in this process may have shut uvicorn's access log.
    monkeypatch.setattr(logging.getLogger(library), "propagate", True)
    stream = lines(level="debug")
    logging.getLogger(library).info("chatter")
    assert stream.getvalue() == ""
    logging.getLogger(library).warning("trouble")
    assert last(stream)["message"] == "trouble"


def test_setting_up_twice_does_not_write_twice() -> None:
    lines()
    stream = lines()
    logger.info("once")
    assert len(stream.getvalue().splitlines()) == 1
    ours = [known for known in logging.getLogger().handlers if isinstance(known, LogHandler)]
    assert len(ours) == 1


def test_objects_given_as_extra_are_not_written() -> None:
    stream = lines()
    logger.info("hello", extra={"customer": {"name": "Jansen"}, "count": 1})
    assert last(stream)["count"] == 1
    assert "Jansen" not in stream.getvalue()
