"""Whoever is at the counter is found by whatever they say, however it is spelt and in any order."""

from datetime import date

import pytest

from registry.customers.asking import find
from registry.customers.asking.find import find_customers, search_customers
from registry.customers.asking.sheet import customer_history
from registry.customers.live.commands import rematch, withdraw
from registry.customers.stewarding.erase import erase_customer
from tests.integration.customers.conftest import JANNA, Counter

AYSE = {
    "given_name": "Ayşe",
    "family_name": "Yıldırım-de Boer",
    "birth_date": date(1984, 12, 3),
    "street": "Burgemeester Jansstraat",
    "house_number": "12-A",
    "postal_code": "2633 XY",
    "city": "Nieuwdam",
    "phone": "06-12 34 56 78",
    "national_id": "999990019",
}
BAKERY = {
    "organisation_name": "Bakkerij 't Zonnetje B.V.",
    "chamber_number": "12345678",
    "city": "Nieuwdam",
}


@pytest.mark.parametrize(
    "question",
    [
        "Ayse Yildirim",
        "yildirim, ayse",
        "Yildrim Ayse 1984",
        "A. Yildirim de Boer",
        "Ayşe Jansstraat 12",
        "Jansstraat 12a Nieuwdam",
        "3 december 1984 Yildirim",
        "12-03-1984 Yildirim",
        "06 12 34 56 78",
        "+31 6 1234 5678",
        "0031612345678",
        "999990019",
        "9999 90 019",
        "2633xy 12",
        "Boer 2633 XY 14 03-12-1984",
        "YILD",
    ],
)
def test_a_person_is_found_however_the_question_is_spelt(counter: Counter, question: str) -> None:
    (ayse,) = counter.land(AYSE)
    found = find_customers(counter.db, question)
    assert found[0].id == counter.customer(ayse)


def test_an_organisation_is_found_too(counter: Counter) -> None:
    (bakery,) = counter.land(BAKERY, kind="organisation")
    assert find_customers(counter.db, "12345678") == []  # the model knows people alone
    rematch(counter.db, memory_limit_mb=512)
    for question in ("zonetje bakkerij", "bakerij nieuwdam", "12345678", "zonn"):
        assert find_customers(counter.db, question)[0].id == counter.customer(bakery)


def test_a_name_for_a_name_is_found(counter: Counter) -> None:
    (hans,) = counter.land({**JANNA, "given_name": "Hans", "family_name": "Ypenburg"})
    for asked in ("Johannes Ypenburg", "Hans Ypenburgh", "hans iepenburg"):
        assert find_customers(counter.db, asked)[0].id == counter.customer(hans)


def test_the_best_known_comes_first_and_a_missing_fact_counts_against(counter: Counter) -> None:
    janna, sister = counter.land(JANNA, {**JANNA, "given_name": "Wilma", "email": None})
    found = find_customers(counter.db, "wouden wilma 06-05-1971")
    assert found[0].id == counter.customer(sister)
    assert found[0].weight_bits is not None
    other = find_customers(counter.db, "wouden johanna 2611AB 06-05-1971")
    assert {one.id for one in other} >= {counter.customer(janna)}


def test_hundreds_who_share_an_address_are_bounded_and_found_by_the_rest(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(find, "CANDIDATES_MAX", (20, 200))
    desk = [
        {"given_name": f"{first}{last}", "family_name": "Desk", "email": "desk@school.nl"}
        for first in ("Ab", "Bo", "Ca", "Du", "Em", "Fi") for last in ("ra", "to", "ne", "lu")
    ]  # fmt: skip
    records = counter.land(*desk)
    assert 10 < len(find_customers(counter.db, "desk@school.nl")) <= find.FOUND_MAX
    assert find_customers(counter.db, "desk@school.nl Dune")[0].id == counter.customer(records[14])


def test_a_customer_of_many_records_hides_nobody(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(find, "CANDIDATES_MAX", (5, 50))
    many = counter.land(*[AYSE] * 8, into=0)
    (cousin,) = counter.land({**AYSE, "given_name": "Emre", "national_id": None, "phone": None})
    found = {one.id for one in find_customers(counter.db, "Yildirim")}
    assert found == {counter.customer(many[0]), counter.customer(cousin)}


@pytest.mark.parametrize("written", ["Наташа Иванова", "Natasha Ivanova", "IVANOVA, Natasja"])
def test_other_scripts_and_confusable_letters_meet(counter: Counter, written: str) -> None:
    (record,) = counter.land({**JANNA, "given_name": "Наташа", "family_name": "Иванова"})
    assert find_customers(counter.db, written)[0].id == counter.customer(record)


def test_swapped_names_and_twins_are_told_apart_by_what_is_said(counter: Counter) -> None:
    swapped, twin = counter.land(
        {**AYSE, "given_name": "Wibaut", "family_name": "Sem", "national_id": None},
        {**AYSE, "given_name": "Siem", "family_name": "Wibaut", "national_id": None},
        into=0,
    )
    assert find_customers(counter.db, "Sem Wibaut")[0].id == counter.customer(swapped)
    assert find_customers(counter.db, "Siem Wibaut")[0].id == counter.customer(twin)


def test_whoever_left_or_changed_is_found_no_longer(counter: Counter) -> None:
    (ayse,) = counter.land(AYSE)
    customer = counter.customer(ayse)
    erase_customer(counter.db, customer, reason="request 1", actor="Sam")
    assert all(one.id != customer for one in find_customers(counter.db, "Ayse Yildirim"))
    ask = counter.db.execute
    assert not ask("SELECT FROM record_words WHERE record_id = %s", (ayse,)).rowcount
    assert not ask("SELECT FROM known_word WHERE word LIKE 'yild%'").rowcount


def test_what_is_new_stands_where_it_is_found_and_on_no_list(counter: Counter) -> None:
    counter.land({**JANNA, "given_name": "Quirijn", "family_name": "Zoetermelk"})
    for index in ("ix_record_words_words", "ix_word_slips_slips"):
        # It answers how many pages of the list it has put away.
        listed = counter.db.execute(f"SELECT gin_clean_pending_list('{index}')").fetchone()
        assert listed == (0,), index


def test_a_rare_spelling_goes_with_the_last_record_that_has_it(counter: Counter) -> None:
    one, other = counter.land(AYSE, AYSE)
    spelt = "SELECT FROM known_word WHERE word LIKE 'yild%'"
    withdraw(counter.db, [one])
    assert counter.db.execute(spelt).rowcount == 1
    withdraw(counter.db, [other])
    assert counter.db.execute(spelt).rowcount == 0


def test_an_earlier_name_finds_nobody_once_no_source_says_it_and_stands_in_the_history(
    counter: Counter,
) -> None:
    one, other = counter.land(AYSE, AYSE)
    customer = counter.customer(one)
    for left, record in ((1, one), (0, other)):
        counter.say(record, {**AYSE, "family_name": "Schippers"})
        found = [each.id for each in find_customers(counter.db, "Yildirim de Boer")]
        assert found.count(customer) == left
    assert [each.id for each in find_customers(counter.db, "Ayse Schippers")] == [customer]
    past = customer_history(counter.db, counter.sight(), customer)
    assert "Yıldırım" in past[-1].name


@pytest.mark.parametrize(
    "question", ["van de", "B.V.", "1", "a", "@", "@@ . -", "٣ ٤", "\ud800", "x" * 300, "1 " * 150]
)
def test_questions_that_say_nothing_harm_nothing(counter: Counter, question: str) -> None:
    assert len(search_customers(counter.db, counter.sight(), question)) <= find.FOUND_MAX


def test_a_question_leaves_the_transaction_as_it_was(counter: Counter) -> None:
    find_customers(counter.db, "Jan")
    assert counter.db.execute("SHOW enable_seqscan").fetchone() == ("on",)
