"""A first connector file reads each list of real interfaces whole, from servers made of the same
documents: new, try, run and check by the commands, with sign-in and without an edit.
"""

import json
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import yaml

from benchmarks.figures import Figure, keep
from tests.contract.connectors.documented import Documented
from tests.contract.connectors.products import SECRET, Product, account, statement, token_word
from tests.contract.connectors.servers import Reply, Request, Server
from tests.contract.connectors.test_documented_sources import needs_corpus, text_of, truths
from townclerk.cli import run

pytestmark = [pytest.mark.heavy, needs_corpus, pytest.mark.timeout(600)]
RIGHT_MIN = 95.0
COUNT = 230
SECONDS_MAX = 1.0
CHECKS = {"library.swagger.yaml": account, "crm.openapi.yaml": None, "openklant": token_word}
DOCUMENTS = [name for name in truths() if not name.startswith("crm")]


class Guarded:
    """A server made of a document, behind the sign-in of its product."""

    def __init__(self, name: str) -> None:
        content = yaml.load(text_of(name), yaml.CSafeLoader)
        base = content.get("basePath") or content["servers"][0]["url"]
        self.root = "/" + base.partition("://")[2].partition("/")[2] if "://" in base else base
        self.made = Documented(content, truths()[name], COUNT)
        self.product = Product("", self.root)
        self.check = next((c for start, c in CHECKS.items() if name.startswith(start)), statement)

    def answer(self, request: Request) -> Reply:
        """Answer as the document says, to whoever signs in."""
        given = request.headers.get("authorization", "")
        if self.check and (refused := self.check(self.product, given, request)) is not None:
            return refused
        below = request.target.removeprefix(self.root.rstrip("/"))
        return self.made.answer(Request(request.method, below, request.headers, request.body))


def faults(name: str, folder: Path) -> Iterator[tuple[str, str]]:
    """Go the whole way with one document; yield each list with what is wrong, empty if nothing."""
    guarded = Guarded(name)
    server = Server(guarded.answer)
    guarded.made.root = guarded.root.rstrip("/")
    address = ["--address", server.url + guarded.root.rstrip("/")]
    file = folder / "tried.yaml"
    where = str(Path(__file__).parents[3] / "townclerk/sandbox/servers" / name)
    corpus = Path(__file__).parents[3] / "../shared/data/interfaces/corpus" / name
    document = str(corpus) if corpus.exists() else where
    new = ["new", "--from", document, "--name", "tried", "--all", "--out", str(file), *address]
    try:
        assert run(["connector", *new, "--json"]) == 0
        listed = yaml.safe_load(file.read_text())["streams"]
        by_path = {options["get"]: stream for stream, options in listed.items()}
        for path in truths()[name]:
            yield path, tried(by_path[path], file, folder / "out.jsonl", address)
    finally:
        server.close()


def tried(stream: str, file: Path, out: Path, address: list[str]) -> str:
    """Try, run and check one stream; return what is wrong, empty if nothing is."""
    rejected = out.with_name("out.rejected.jsonl")
    for left in (out, rejected):
        left.unlink(missing_ok=True)
    only, live = ["--stream", stream], [*address, "--sandbox", "--json"]
    for step in (
        ["try", str(file), *only, *live],
        ["run", str(file), *only, "--to", str(out), *live],
        ["check", str(file), *only, "--json"],
    ):
        if code := run(["connector", *step]):
            return f"`connector {step[0]}` ended with {code}"
    arrived = [json.loads(line)["key"] for line in out.read_text().splitlines()]
    refused = rejected.read_text().splitlines() if rejected.exists() else []
    if len(set(arrived)) + len(refused) != COUNT:
        return f"{len(set(arrived))} records and {len(refused)} refused, of {COUNT}"
    return ""


@cache
def results() -> dict[tuple[str, str], str]:
    """What was wrong, by document and path; filled as the tests run."""
    return {}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_paged_list_of_a_document_is_read_whole(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIED_SECRET", SECRET)
    found = dict(faults(name, tmp_path))
    results().update({(name, path): wrong for path, wrong in found.items()})
    assert {path: wrong for path, wrong in found.items() if wrong} == {}


def test_nineteen_of_twenty_lists_are_read_right_and_a_document_takes_a_second(
    tmp_path: Path,
) -> None:
    if len({name for name, _ in results()}) < len(DOCUMENTS):
        pytest.skip("counted only where every document was tried")
    slowest = 0.0
    for name in DOCUMENTS:
        (tmp_path / name).write_bytes(text_of(name))
        began = time.process_time()
        run(["connector", "new", "--from", str(tmp_path / name), "--name", "x", "--json",
             "--out", str(tmp_path / "x.yaml")])  # fmt: skip
        slowest = max(slowest, time.process_time() - began)
    right = sum(not wrong for wrong in results().values())
    how = (
        f"{right} of {len(results())} lists with declared paging of Open Klant, Open Zaak and the"
        f" library: new, try, run and check against a server made of the same document with"
        f" {COUNT} records a list and the product's sign-in; no edit"
    )
    share = 100 * right / len(results())
    keep(
        "connectors.served_documents",
        [
            Figure("lists of real documents read whole without an edit", share, "%", ">= 95", how),
            Figure("slowest document made into a file", slowest, "s CPU", "<= 1",
                   "the same documents, `connector new` in a running process"),
        ],
        'pytest -m "" tests/conformance/connectors/test_served_documents.py',
    )  # fmt: skip
    assert share >= RIGHT_MIN
    assert slowest <= SECONDS_MAX
