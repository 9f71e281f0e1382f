"""Gaps, obligations, roadmap, suppliers and completeness of a small town."""

from datetime import date

import pytest

from registry.landscape.lifecycle import day_of
from registry.landscape.questions.completeness import completeness
from registry.landscape.questions.gaps import Cover, gaps
from registry.landscape.questions.obligations import Role, obligations, role_counts
from registry.landscape.questions.portfolio import portfolio
from registry.landscape.questions.profiles import profile_named, profile_of
from registry.landscape.questions.roadmap import When, roadmap
from registry.landscape.questions.suppliers import suppliers
from schemas.errors import InvalidInput, UnknownName
from tests.unit.landscape.questions.town import Draft, a_reference, a_town, a_whole_town

TODAY = date(2026, 11, 22)


def test_each_component_says_how_it_is_filled_in() -> None:
    answer = gaps(portfolio(a_whole_town().graph))
    assert {one.name: one.cover for one in answer.components} == {
        "Archive keeping": Cover.GAP,
        "Case handling": Cover.ONE,
        "Ledger keeping": Cover.ENDING,
        "Permit handling": Cover.PLANNED,
    }
    assert answer.unplaced == ("Website",)


def test_two_systems_in_use_overlap() -> None:
    town = a_whole_town()
    town.relate("id-website", "specialization", "id-case-handling")
    covers = {one.name: one.cover for one in gaps(portfolio(town.graph)).components}
    assert covers["Case handling"] is Cover.OVERLAP


def test_a_portfolio_in_another_file_names_its_components() -> None:
    own = a_town()
    own.add("system", "Keeper", reference_component="archive KEEPING; id-case-handling; Unheard of")
    answer = gaps(portfolio(own.graph, a_reference().graph))
    covered = {one.name: one.systems for one in answer.components}
    assert covered["Archive keeping"] == ("Keeper",)
    assert covered["Case handling"] == ("Keeper",)
    assert answer.unknown == (("Keeper", "Unheard of"),)


def test_a_component_copied_into_the_own_file_is_known_by_its_object_id() -> None:
    reference, own = a_reference(), Draft()
    case = reference.model.elements["id-case-handling"]
    case.properties = (*case.properties, *reference._said({"Object ID": "77"}))
    own.add("application_component", "Case handling as we call it", **{"Object ID": "77"})
    own.add("application_component", "CaseFlow")
    own.relate("id-caseflow", "specialization", "id-case-handling-as-we-call-it")
    found = portfolio(own.graph, reference.graph)
    assert [found.own.names[node] for node in found.systems] == ["CaseFlow"]
    assert [found.reference.names[n] for n in found.fills[found.systems[0]]] == ["Case handling"]


def test_obligations_come_by_way_of_components_with_versions_and_systems() -> None:
    found = portfolio(a_whole_town().graph)
    answers = {(one.component, one.standard): one for one in obligations(found)}
    case = answers["Case handling", "Case API"]
    assert case.role is Role.MANDATORY
    assert case.versions == ("Case API 2",)
    assert case.systems == ("CaseFlow", "OldCase")
    assert answers["Permit handling", "Case API"].role is Role.RECOMMENDED
    unclear = answers["Case handling", "Old exchange"]
    assert (unclear.role, unclear.said) == (Role.UNCLEAR, "perhaps")
    assert role_counts(obligations(found))["checks"] == 2


def test_a_role_said_twice_counts_once_and_nothing_said_beside_it_does_not_matter() -> None:
    draft = a_reference()
    first = draft.model.relationships["id-r1"]
    first.properties += draft._said({"role": "mandatory"}) + draft._said({"role": ""})
    roles = [one.role for one in obligations(portfolio(draft.graph)) if one.standard == "Case API"]
    assert roles == [Role.MANDATORY, Role.RECOMMENDED]


def test_contradicting_roles_are_unclear() -> None:
    draft = a_reference()
    draft.model.relationships["id-r1"].properties += draft._said({"role": "recommended"})
    counts = role_counts(obligations(portfolio(draft.graph)))
    assert (counts["mandatory"], counts["unclear"]) == (0, 2)


def test_the_roadmap_says_what_ends_when_and_what_it_leaves_behind() -> None:
    steps = roadmap(portfolio(a_whole_town().graph), today=TODAY)
    assert [(step.system, step.when, step.day, step.uncovered) for step in steps] == [
        ("GroundBook", When.SOON, date(2026, 12, 31), ("Ledger keeping",)),
        ("ParkRight", When.STARTING, date(2027, 1, 31), ()),
        ("OldCase", When.SOON, date(2027, 6, 30), ()),
    ]


def test_a_day_nobody_can_read_is_shown_as_it_was_said() -> None:
    town = Draft()
    town.add("system", "Odd", lifecycle="active", end_of_life="03/04/2027")
    [step] = roadmap(portfolio(town.graph), today=TODAY)
    assert (step.day, step.said, step.when) == (None, "03/04/2027", When.UNDATED)


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("2026-12-31", date(2026, 12, 31)),
        ("2026-12-31T10:00:00Z", date(2026, 12, 31)),
        ("2027", date(2027, 12, 31)),
        ("2027-02", date(2027, 2, 28)),
        ("31-12-2026", date(2026, 12, 31)),
        ("31.12.2026", date(2026, 12, 31)),
        ("31/12/2026", date(2026, 12, 31)),
        ("12/31/2026", date(2026, 12, 31)),
        ("03/04/2027", None),
        ("31-02-2027", None),
        ("9999", None),
        ("soon", None),
        ("", None),
    ],
)
def test_days_are_read_as_people_write_them_unless_they_could_be_two(
    said: str, day: date | None
) -> None:
    assert day_of(said) == day


def test_suppliers_are_one_whatever_the_case_and_the_unnamed_come_last() -> None:
    rows = suppliers(portfolio(a_whole_town().graph))
    assert [(row.supplier, row.systems) for row in rows] == [
        ("Riverbed", ("CaseFlow", "OldCase")),
        ("Brightpage", ("Website",)),
        ("", ("GroundBook", "ParkRight")),
    ]
    assert rows[0].components == ("Case handling",)


def test_a_supplier_may_be_an_element_of_its_own() -> None:
    town = a_whole_town()
    town.add("supplier", "Gable Systems")
    town.relate("id-gable-systems", "association", "id-groundbook")
    assert "Gable Systems" in {row.supplier for row in suppliers(portfolio(town.graph))}


def test_completeness_names_what_is_missing_the_weightiest_first() -> None:
    town = a_whole_town()
    scored = {one.name: one for one in completeness(portfolio(town.graph))}
    assert scored["CaseFlow"].score == 100
    assert scored["Website"].score < scored["OldCase"].score < 100
    assert scored["Website"].reasons[0].startswith("no owner")
    assert "nobody said whether it holds personal data" not in scored["Cases of people"].reasons
    assert "personal data without a retention period" in scored["Cases of people"].reasons
    assert "personal data without a retention period" not in scored["Street names"].reasons


def test_a_profile_of_ones_own_is_a_file() -> None:
    text = """
        title = "Ours"
        component = { property = "Sort", values = ["Building block"] }
        standard = { kinds = ["standard"] }
        version = { kinds = ["standard_version"] }
        obligation = { property = "Weight", mandatory = ["must"], recommended = ["may"] }
    """
    draft = Draft()
    draft.add("application_function", "Sending letters", Sort="building BLOCK")
    own = profile_of(text, file="ours.toml")
    assert [one.name for one in gaps(portfolio(draft.graph, profile=own)).components] == [
        "Sending letters"
    ]


@pytest.mark.parametrize("text", ["title = 3", "[", "component = {}", 'unknown = "x"'])
def test_a_profile_that_is_none_is_refused_with_the_place(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"ours\.toml is no reference profile"):
        profile_of(text, file="ours.toml")


def test_an_unknown_profile_says_which_there_are() -> None:
    with pytest.raises(UnknownName) as refused:
        profile_named("togaf")
    assert "gemma" in refused.value.remedy
