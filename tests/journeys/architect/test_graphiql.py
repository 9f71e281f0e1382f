"""An architect asks by GraphQL in a browser, on a network that ends at the town hall's wall."""

from urllib.parse import quote

import pytest
from playwright.sync_api import Response, expect

from registry.web.graphiql import examples
from tests.journeys.conftest import Visit
from tests.unit.web.town import CUSTOMER

pytestmark = pytest.mark.browser


def test_a_question_to_begin_with_shows_its_answer(visit: Visit) -> None:
    page = visit.open("/graphql")
    expect(page.get_by_role("button", name=examples()[0].question)).to_be_visible()
    page.get_by_label("Execute query").click()
    answer = page.get_by_role("region", name="Result Window")
    expect(answer).to_contain_text("BinPass")
    expect(answer).to_contain_text("Public works")


def is_of_a_question(answer: Response) -> bool:
    return answer.url.endswith("/graphql") and "__schema" not in (answer.request.post_data or "")


def test_every_question_can_be_chosen_and_asked(visit: Visit) -> None:
    page = visit.open("/graphql")
    for example in examples():
        page.get_by_role("button", name=example.question, exact=True).click()
        with page.expect_response(is_of_a_question) as told:
            page.keyboard.press("Control+Enter")
        assert "errors" not in told.value.json(), example.name
        assert "***" not in told.value.text(), example.name
    expect(page.get_by_role("tab")).to_have_count(1)


def test_what_was_written_is_not_replaced_but_gets_a_neighbour(visit: Visit) -> None:
    page = visit.open("/graphql?query=" + quote("{ systems { nodes { urn } } }"))
    editor = page.get_by_role("region", name="Query Editor")
    expect(editor).to_contain_text("urn")
    page.get_by_role("button", name=examples()[7].question).click()
    expect(page.get_by_role("tab")).to_have_count(2)
    expect(editor).to_contain_text("lastRun")
    page.get_by_role("tab").first.click()
    expect(editor).to_contain_text("urn")


def test_the_link_at_the_foot_of_a_page_asks_what_the_page_shows(visit: Visit) -> None:
    page = visit.open("/systems/urn:townclerk:system:crm")
    page.get_by_role("link", name="This page as GraphQL").click()
    editor = page.get_by_role("region", name="Query Editor")
    expect(editor).to_contain_text("urn:townclerk:system:crm")
    page.get_by_label("Execute query").click()
    expect(page.get_by_role("region", name="Result Window")).to_contain_text("Harbour CRM")


def test_documentation_settings_and_keys_open_within_the_policy(visit: Visit) -> None:
    page = visit.open("/graphql")
    page.get_by_label("Show Documentation Explorer").click()
    page.get_by_role("link", name="Query", exact=True).first.click()
    expect(page.get_by_text("Systems by name.").first).to_be_visible()
    for button in ("Open settings dialog", "Open short keys dialog"):
        page.get_by_label(button).click()
        expect(page.get_by_role("dialog")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)


def test_nothing_that_was_typed_is_kept(visit: Visit) -> None:
    page = visit.open("/graphql")
    page.get_by_role("button", name=examples()[9].question).click()
    page.get_by_label("Execute query").click()
    expect(page.get_by_role("region", name="Result Window")).to_contain_text(CUSTOMER)
    kept = page.evaluate(
        "[localStorage.length, sessionStorage.length, document.cookie, location.search]"
    )
    assert kept == [0, 0, "", ""]
    page.reload()
    expect(page.get_by_role("region", name="Query Editor")).not_to_contain_text("jansen")


def test_without_scripts_the_questions_are_still_there_to_copy(visit: Visit) -> None:
    context = visit.page.context.browser.new_context(java_script_enabled=False)  # type: ignore[union-attr] # a page has a browser
    page = context.new_page()
    page.goto(visit.url + "/graphql")
    page.get_by_text(examples()[0].question, exact=True).click()
    expect(page.get_by_role("region", name=examples()[0].question)).to_contain_text(
        "SystemsAndOwners"
    )
    context.close()


def test_the_page_fits_narrow_and_enlarged_windows(visit: Visit) -> None:
    for width in (390, 640, 1280):
        visit.page.set_viewport_size({"width": width, "height": 800})
        page = visit.open("/graphql")
        expect(page.get_by_label("Execute query")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
