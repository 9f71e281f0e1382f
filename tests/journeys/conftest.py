"""A browser, and a real server over a small town for it to visit.

Both live no longer than one file of tests: the browser keeps an event loop in this thread, and
the town is the process's current database.
"""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from registry.storage.database import close_database, open_database, unit_of_work
from registry.storage.embedded import EmbeddedPostgres
from registry.storage.migrate import upgrade
from tests.servers import make_reachable_dir
from tests.unit.web.town import fill_town, settings_in
from townclerk.serving import serving

CHROMIUM = shutil.which("chromium")
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WAIT_MS = 15_000  # a busy machine paints late


@dataclass
class Visit:
    """One page in the browser, and everything that went wrong on it.

    Attributes:
        page: The page.
        url: Address of the server.
        troubles: Errors, violations of the page's policy, requests to other hosts.
    """

    page: Page
    url: str
    troubles: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """Write down what goes wrong from now on."""
        self.page.on("console", lambda said: self._note_if(said.type == "error", said.text))
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        # What the browser gave up itself, because the page went on, has not failed.
        self.page.on(
            "requestfailed",
            lambda request: self._note_if(request.failure != "net::ERR_ABORTED", request.url),
        )
        self.page.on(
            "response",
            lambda got: self._note_if(got.status >= 400, f"{got.status} {got.url}"),
        )
        self.page.on(
            "request",
            lambda asked: self._note_if(
                urlsplit(asked.url).scheme != "data"
                and urlsplit(asked.url).netloc != urlsplit(self.url).netloc,
                f"another host: {asked.url}",
            ),
        )
        self.page.add_init_script(
            "document.addEventListener('securitypolicyviolation', (event) =>"
            " console.error('policy: ' + event.violatedDirective + ' ' + event.blockedURI))"
        )

    def open(self, path: str) -> Page:
        """Go to a page of ours."""
        self.page.goto(self.url + path)
        return self.page

    def _note_if(self, wrong: bool, what: str) -> None:
        if wrong:
            self.troubles.append(what)


@contextmanager
def served(fill: Callable[[psycopg.Connection], None]) -> Iterator[str]:
    """Serve a demonstration over a town, on a database server of its own; yield its address."""
    place = make_reachable_dir()
    before = dict(os.environ)
    try:
        with EmbeddedPostgres.start(place) as server:
            upgrade(server.url)
            open_database(server.url, pool_size=6)
            with unit_of_work() as db:
                fill(db)
            with serving(settings_in(Path(place)), demo=True) as url:
                yield url
            close_database()
    finally:
        shutil.rmtree(place, ignore_errors=True)
        os.environ.clear()
        os.environ.update(before)
        if "prefect.context" in sys.modules:
            sys.modules["prefect.context"].refresh_global_settings_context()


@pytest.fixture(scope="module")
def town_url() -> Iterator[str]:
    """The address of a demonstration over a small town."""
    with served(fill_town) as url:
        yield url


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's chromium."""
    if CHROMIUM is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def visit(town_url: str, chromium: Browser) -> Iterator[Visit]:
    """A fresh window of 1280 by 800; a test that leaves troubles behind fails."""
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(WAIT_MS)
    expect.set_options(timeout=WAIT_MS)
    visit = Visit(context.new_page(), town_url)
    visit.watch()
    yield visit
    context.close()
    assert not visit.troubles
