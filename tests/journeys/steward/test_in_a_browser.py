"""A steward's morning in a browser: two hundred questions, a model, own keys; with any sight."""

from collections.abc import Iterator
from datetime import date
from random import Random
from typing import Literal

import psycopg
import pytest
from playwright.sync_api import Page, expect

from flows.matching import carry_out_next_matching
from registry.customers.stewarding import review
from registry.storage.database import unit_of_work
from tests.integration.customers.conftest import SOUNDS, Counter
from tests.journeys.conftest import Visit, served

pytestmark = [pytest.mark.browser, pytest.mark.heavy]

QUESTIONS_MIN = 150
REVIEW, MODELS, KEYS = "/customers/review", "/customers/models", "/customers/keys"
ZOOMED = {"width": 320, "height": 256}  # 1280 by 1024 at 400 %: WCAG 2.2, criterion 1.4.10
TELEPHONE = {"width": 360, "height": 740}
# What stands out of the window although nothing scrolls it; a region of its own may.
OVERFLOWING = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
# Fields and buttons that nobody can name.
NAMELESS = """[...document.querySelectorAll("input, select, button:not([hidden])")]
    .filter((e) => e.type !== "hidden")
    .filter((e) => !(e.labels?.length || e.getAttribute("aria-label") || e.textContent.trim()))
    .map((e) => e.outerHTML)"""
# What the Tab key reaches, in its order, must stand in the order of reading.
STRAY_ORDER = (
    """[...document.querySelectorAll("[tabindex]")].filter((e) => e.tabIndex > 0).length"""
)
SMALL = """[...document.querySelectorAll("main button, nav a, summary")].filter((e) => {
    const box = e.getBoundingClientRect();
    return box.width && (box.height < 24 || box.width < 24);
}).map((e) => e.outerHTML)"""  # WCAG 2.2, criterion 2.5.8

# Of the waterfalls on a page, the one that shows: what of it cannot be read where it is.
WATERFALL = """(() => {
    const shown = [...document.querySelectorAll(".waterfall")].filter((e) => e.checkVisibility());
    const [drawn] = shown;
    const inside = drawn.getBoundingClientRect();
    const box = (e) => e.getBoundingClientRect();
    const out = (b) => b.left < inside.left || b.right > inside.right || b.right > innerWidth;
    const meet = (a, b) =>
        a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
    const texts = [...drawn.querySelectorAll("text")];
    const marks = [...texts, ...drawn.querySelectorAll("rect")];
    const scale = inside.width / drawn.viewBox.baseVal.width;
    return {
        shown: shown.length,
        bars: drawn.querySelectorAll("rect").length,
        scrolls: drawn.parentElement.scrollWidth - drawn.parentElement.clientWidth,
        letters: scale * Math.min(...texts.map((e) => parseFloat(getComputedStyle(e).fontSize))),
        out: marks.filter((e) => out(box(e))).map((e) => e.outerHTML),
        met: texts.flatMap((e) => marks.filter((f) => e !== f && meet(box(e), box(f)))
            .map((f) => e.textContent + " / " + f.outerHTML)),
    };
})()"""
LETTERS_MIN = 11.5  # pixels; in a window of 320, text of 14 is drawn a little smaller


def fill(db: psycopg.Connection) -> None:
    """Let two hundred pairs live here that may be one woman who married, or mother and daughter."""
    counter = Counter(db)
    counter.fill()
    chance = Random(3)
    pairs = []
    for number in range(200):
        door = {
            "given_name": "".join(chance.choices(SOUNDS, k=2)).capitalize(),
            "postal_code": f"{2700 + number} AB",
            "house_number": str(number + 1),
        }
        for born in (date(1961, 3, 1 + number % 28), date(1987, 11, 28 - number % 27)):
            family = "".join(chance.choices(SOUNDS, k=3)).capitalize()
            pairs.append({**door, "family_name": family, "birth_date": born})
    counter.land(*pairs)


@pytest.fixture(scope="module")
def town_url() -> Iterator[str]:
    """The address of a demonstration with many doubtful pairs, all of them asked about."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("registry.customers.stewarding.doubts.ASKED_SHARE_MAX", 1.0)
        with served(fill) as url:
            yield url


def asked() -> int:
    with unit_of_work() as db:
        return review.count_doubts(db).asked


def open_first(page: Page) -> str:
    """Open the first question of the list; return its name."""
    first = page.get_by_role("region", name="Doubtful pairs").get_by_role("link").first
    name = first.inner_text()
    first.click()
    expect(page.get_by_role("heading", name="Why: the evidence")).to_be_visible()
    return name


def decide(page: Page, button: str) -> None:
    page.get_by_label("Reason, for those who ask later").fill("Asked at the counter")
    page.get_by_role("button", name=button, exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("The decision holds.")


def test_questions_are_paged_through_in_the_order_of_their_benefit(visit: Visit) -> None:
    page = visit.open(REVIEW)
    total = asked()
    assert total >= QUESTIONS_MIN
    benefits, names = [], []
    for start in range(0, total, 50):
        rows = page.get_by_role("region", name="Doubtful pairs").locator("tbody tr")
        benefits += [float(text) for text in rows.locator("td:last-child").all_inner_texts()]
        names += rows.locator("th").all_inner_texts()
        expect(page.locator("caption")).to_contain_text(f"Questions {start + 1} to")
        if start + 50 < total:
            page.get_by_role("link", name="Further questions").click()
            page.wait_for_url("**after=**")
    assert benefits == sorted(benefits, reverse=True)
    assert len(set(names)) == len(names) == total
    page.get_by_role("link", name="Questions before").click()
    expect(page.locator("caption")).to_contain_text(f"Questions {(total - 1) // 50 * 50 - 49} to")


def test_decisions_are_made_and_taken_back_by_clicks_and_the_place_is_kept(visit: Visit) -> None:
    page = visit.open(REVIEW)
    before = asked()
    page.get_by_role("link", name="Further questions").click()
    page.wait_for_url("**after=**")
    for button in ("One customer", "Two customers"):
        open_first(page)
        decide(page, button)
        assert "after=" in page.url, "the steward goes on where they were"
        page.get_by_role("link", name="See it, or take it back").click()
        expect(page.get_by_role("heading", level=1)).to_have_text(f"{button} now")
        expect(page.get_by_role("heading", name="Take the decision back")).to_be_visible()
        page.get_by_role("button", name="Undo").click()
        expect(page.get_by_role("heading", name="Take the decision back")).to_have_count(0)
        page.get_by_role("link", name="Review").first.click()
    assert asked() == before
    name = open_first(page)
    decide(page, "Postpone")
    assert asked() == before - 1
    assert name not in page.get_by_role("region", name="Doubtful pairs").inner_text()
    page.get_by_role("link", name="Next question").click()
    expect(page.get_by_label("Reason, for those who ask later")).to_be_visible()


def test_a_decision_is_made_with_the_keyboard_alone(visit: Visit) -> None:
    page = visit.open(REVIEW)
    open_first(page)
    before = asked()
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "reason":
            break
    page.keyboard.type("Seen by keyboard")
    page.keyboard.press("Enter")  # must choose nothing
    expect(page.get_by_label("Reason, for those who ask later")).to_have_value("Seen by keyboard")
    for label in ("One customer", "Two customers", "Postpone"):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == label
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("The decision holds.")
    assert asked() == before - 1


@pytest.mark.parametrize("size", [TELEPHONE, ZOOMED], ids=["telephone", "zoomed 400 %"])
def test_pages_of_stewards_work_on_a_telephone_and_enlarged(
    visit: Visit, size: dict[str, int]
) -> None:
    visit.page.set_viewport_size({"width": size["width"], "height": size["height"]})
    for path in ("/customers", REVIEW, MODELS, KEYS):
        page = visit.open(path)
        assert page.evaluate(OVERFLOWING) <= 0, path
        assert page.evaluate(NAMELESS) == [], path
        assert page.evaluate(STRAY_ORDER) == 0, path
        assert page.evaluate(SMALL) == [], path
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
    open_first(visit.open(REVIEW))
    assert visit.page.evaluate(OVERFLOWING) <= 0
    assert visit.page.evaluate(NAMELESS) == []
    assert visit.page.evaluate(SMALL) == []


@pytest.mark.parametrize("width", [320, 390, 639, 641, 768, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_waterfall_is_read_in_every_window_without_scrolling(
    visit: Visit, width: int, scheme: Literal["light", "dark"]
) -> None:
    visit.page.set_viewport_size({"width": width, "height": 844})
    visit.page.emulate_media(color_scheme=scheme)
    open_first(visit.open(REVIEW))
    found = visit.page.evaluate(WATERFALL)
    assert found.pop("bars") > 3
    assert found.pop("letters") >= LETTERS_MIN
    assert found == {"shown": 1, "scrolls": 0, "out": [], "met": []}
    assert visit.page.evaluate(OVERFLOWING) <= 0


def test_a_model_is_trained_and_put_in_force_while_the_page_follows(visit: Visit) -> None:
    page = visit.open(MODELS)
    page.get_by_role("button", name="Train a model beside the live one").click()
    expect(page.get_by_role("region", name="Asked of workers")).to_contain_text(
        "waits for a worker"
    )
    assert carry_out_next_matching()
    # Nobody presses anything: the page looks again by itself.
    expect(page.get_by_role("region", name="Models")).to_contain_text("It would join")
    page.get_by_text("Put in force…").first.click()
    page.get_by_role("button", name="in force").first.click()
    assert carry_out_next_matching()
    expect(page.get_by_role("region", name="Asked of workers")).to_contain_text(
        "were joined with others"
    )
    expect(page.get_by_text("500 records read").first).to_be_visible()


def test_own_keys_are_settled_and_undone_by_clicks(visit: Visit) -> None:
    page = visit.open(KEYS)
    page.get_by_text("Settle…").first.click()
    page.get_by_label("Its keys").first.select_option("keep people apart")
    page.get_by_label("Reason, for those who ask later").first.fill("One card a person")
    page.get_by_role("button", name="Settle", exact=True).first.click()
    assert carry_out_next_matching()
    expect(page.get_by_role("region", name="Data sets")).to_contain_text("“One card a person”")
    page.get_by_role("button", name="Undo the last settlement").click()
    assert carry_out_next_matching()
    expect(page.get_by_role("region", name="Data sets")).not_to_contain_text("One card a person")
