"""An architect opens the pages in a browser: whole, by keyboard, enlarged, on a telephone."""

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import Visit
from tests.unit.web.town import FAILURE

pytestmark = pytest.mark.browser

PAGES = (
    "/",
    "/landscape",
    "/landscape?colour=sync",
    "/systems/urn:townclerk:system:crm",
    "/gaps",
    "/roadmap",
    "/flows",
    "/views",
    "/quarantine",
    "/quarantine?source=library",
)
TABS_MAX = 40  # a reader who needs more has left

# Lines of pictures that are wider than their frames, in the fonts of this browser.
WIDER_THAN_THEIR_FRAME = """() => [...document.querySelectorAll(".map text")].filter((line) => {
    const frame = line.closest("a.s, g.c, g.d")?.querySelector(":scope > rect");
    if (!frame) return false;
    const [words, room] = [line.getBoundingClientRect(), frame.getBoundingClientRect()];
    return words.left < room.left - 1 || words.right > room.right + 1;
}).map((line) => line.textContent)"""


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_whole_and_asks_nobody_else(visit: Visit, path: str) -> None:
    page = visit.open(path)
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    assert page.evaluate("document.fonts.size") == 0, "fonts are those of the reader's machine"
    assert page.evaluate("document.scripts.length") == 0, "everything works without scripts"
    ids = page.evaluate("Array.from(document.querySelectorAll('[id]'), (e) => e.id)")
    assert len(ids) == len(set(ids))
    used = page.evaluate(
        "Array.from(document.querySelectorAll('use, [aria-labelledby]'), (e) =>"
        " (e.getAttribute('href') ?? e.getAttribute('aria-labelledby')).replace('#', ''))"
    )
    assert set(used) <= set(ids)


def test_the_first_page_says_what_failed_and_what_to_do(visit: Visit) -> None:
    page = visit.open("/")
    needs = page.get_by_role("region", name="Needs you")
    expect(needs).to_contain_text(FAILURE["what"])
    expect(needs).to_contain_text(FAILURE["remedy"])
    expect(needs.get_by_role("link", name="2 records in quarantine")).to_be_visible()


def test_the_tab_key_reaches_the_skip_link_first_and_then_the_map(visit: Visit) -> None:
    page = visit.open("/landscape")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    reached = tab_to(page, "a.s")
    address = page.evaluate("document.activeElement.getAttribute('href')")
    assert address.startswith("/systems/urn:"), reached
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Uses it")).to_be_visible()


@pytest.mark.parametrize("path", ["/", "/landscape"])
def test_the_tab_key_reaches_the_first_system_without_the_skip_link(
    visit: Visit, path: str
) -> None:
    page = visit.open(path)
    tab_to(page, "a.s")
    outline = page.evaluate(
        "getComputedStyle(document.activeElement.querySelector('rect')).outlineStyle"
    )
    assert outline == "solid", "what has the focus can be seen"


@pytest.mark.parametrize("path", PAGES)
def test_enlarged_or_on_a_telephone_a_page_scrolls_one_way_only(visit: Visit, path: str) -> None:
    page = visit.open(path)
    for width in (640, 390):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("path", ["/", "/landscape"])
def test_names_fit_their_boxes_in_a_real_browser(visit: Visit, path: str) -> None:
    page = visit.open(path)
    assert page.locator(".map text").count() > 50
    assert page.evaluate(WIDER_THAN_THEIR_FRAME) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_theme_follows_the_reader(visit: Visit, scheme: str) -> None:
    visit.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type] # both are allowed
    page = visit.open("/")
    red, green, blue = page.evaluate(
        "getComputedStyle(document.body).backgroundColor.match(/[0-9]+/g).map(Number)"
    )
    assert (red + green + blue > 600) is (scheme == "light")


def tab_to(page: Page, selector: str) -> int:
    """Press the tab key until something is reached; return how often."""
    for presses in range(1, TABS_MAX + 1):
        page.keyboard.press("Tab")
        if page.evaluate("(wanted) => document.activeElement.matches(wanted)", selector):
            return presses
    raise AssertionError(f"{TABS_MAX} presses do not reach {selector}")
