"""The map, whatever the landscape: boxes inside their parents and apart, names that fit."""

from collections.abc import Iterator, Sequence
from itertools import combinations

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from lxml import etree

from registry.landscape.lifecycle import Lifecycle
from registry.web.draw.landscape import DrawOptions, draw_landscape, landscape_poster
from registry.web.draw.layout import BLOCKS, page_arrangement, poster_arrangement
from registry.web.draw.model import (
    Arrangement,
    ComponentBlock,
    DomainBlock,
    LandscapeMap,
    PlacedDomain,
    Rect,
    SystemBox,
)
from registry.web.draw.states import ColourBy, Kind, Sync
from registry.web.draw.text import NAME_CHARACTERS_MAX, fit, fit_lines, harmless, width_px

SVG = "{http://www.w3.org/2000/svg}"
A_HAIR = 0.06  # coordinates are written with one decimal
SAMPLES = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

names = st.one_of(
    st.text(max_size=80),
    st.sampled_from(
        ["", " ", "W" * 300, "a b " * 60, "Dienst Wérk & Inkomen", "</text>", "東京都" * 20]
    ),
)
counts = st.integers(0, 1000)
systems = st.builds(
    SystemBox,
    urn=names,
    name=names,
    kind=st.sampled_from(Kind),
    lifecycle=st.sampled_from(Lifecycle),
    sync=st.sampled_from(Sync),
    data_sets=counts,
    interfaces=counts,
)
components = st.builds(ComponentBlock, urn=names, name=names, systems=st.lists(systems, max_size=9))
domains = st.builds(DomainBlock, urn=names, name=names, components=st.lists(components, max_size=6))
landscapes = st.builds(
    LandscapeMap, domains=st.lists(domains, max_size=6), unplaced=st.lists(systems, max_size=9)
)
widths = st.floats(320, 2600)


def town(systems: int) -> LandscapeMap:
    """Return a landscape of so many systems in eight domains."""
    blocks = [
        DomainBlock(
            f"urn:d:{d}",
            f"Domain {d}",
            [
                ComponentBlock(
                    f"urn:c:{d}:{c}",
                    f"Component {c} of domain {d}",
                    [
                        SystemBox(f"urn:s:{n}", f"System {n} with a name of some length")
                        for n in range(systems)
                        if n % 40 == d * 5 + c
                    ],
                )
                for c in range(5)
            ],
        )
        for d in range(8)
    ]
    return LandscapeMap(blocks)


def inside(inner: Rect, outer: Rect) -> bool:
    return (
        inner.x >= outer.x - A_HAIR
        and inner.y >= outer.y - A_HAIR
        and inner.right <= outer.right + A_HAIR
        and inner.bottom <= outer.bottom + A_HAIR
    )


def apart(rects: Sequence[Rect]) -> bool:
    return all(
        a.right <= b.x + A_HAIR
        or b.right <= a.x + A_HAIR
        or a.bottom <= b.y + A_HAIR
        or b.bottom <= a.y + A_HAIR
        for a, b in combinations(rects, 2)
    )


def frames(arrangement: Arrangement) -> list[PlacedDomain]:
    """Return the domains and the band below them."""
    return [*arrangement.domains, *([arrangement.unplaced] if arrangement.unplaced else [])]


def check(landscape: LandscapeMap, arrangement: Arrangement) -> None:
    """Everything is there, inside its parent, beside its neighbours."""
    sheet = Rect(0, 0, arrangement.width, arrangement.height)
    placed = frames(arrangement)
    assert apart([domain.rect for domain in placed])
    for domain in placed:
        assert inside(domain.rect, sheet)
        assert apart([component.rect for component in domain.components])
        for component in domain.components:
            assert inside(component.rect, domain.rect)
            assert len(component.boxes) == len(component.component.systems)
            assert apart(component.boxes)
            assert all(inside(box, component.rect) for box in component.boxes)
            assert all(box.width > 0 and box.height > 0 for box in component.boxes)
    assert len(arrangement.domains) == len(landscape.domains)
    boxes = sum(len(c.boxes) for domain in placed for c in domain.components)
    assert boxes == landscape.box_count()


@SAMPLES
@given(landscapes, widths, st.sampled_from([None, True, False]), st.booleans())
def test_boxes_stand_inside_their_parents_and_apart(
    landscape: LandscapeMap, width: float, named: bool | None, whole: bool
) -> None:
    check(landscape, page_arrangement(landscape, width, names=named, whole=whole))


@SAMPLES
@given(landscapes, st.booleans())
def test_the_same_holds_for_a_picture_that_stands_alone(
    landscape: LandscapeMap, named: bool
) -> None:
    check(landscape, poster_arrangement(landscape, names=named))


@pytest.mark.parametrize("number", [0, 1, 40, 400, 3000])
def test_a_landscape_of_any_size_has_a_place_for_every_box(number: int) -> None:
    landscape = town(number)
    check(landscape, page_arrangement(landscape, 1240.0))


def test_the_largest_landscape_becomes_blocks() -> None:
    assert page_arrangement(town(3000), 1240.0).scale is BLOCKS


@SAMPLES
@given(landscapes, widths)
def test_the_same_landscape_always_gives_the_same_picture(
    landscape: LandscapeMap, width: float
) -> None:
    options = DrawOptions()
    first, second = (draw_landscape(landscape, options, width=width) for _ in range(2))
    assert first == second


@SAMPLES
@given(st.text(max_size=500), st.floats(0, 600), st.floats(8, 24), st.booleans())
def test_a_shortened_name_fits_its_room(text: str, room: float, size: float, bold: bool) -> None:
    shown = fit(harmless(text), room, size, bold=bold)
    assert width_px(shown, size, bold=bold) <= room + A_HAIR


@SAMPLES
@given(st.text(max_size=500), st.floats(0, 600), st.integers(1, 4))
def test_each_line_of_a_name_fits_and_there_are_no_more_than_allowed(
    text: str, room: float, most: int
) -> None:
    lines = fit_lines(harmless(text), room, 13.0, lines_max=most)
    assert 1 <= len(lines) <= most
    assert all(width_px(line, 13.0) <= room + A_HAIR for line in lines)


@SAMPLES
@given(st.text(max_size=2 * NAME_CHARACTERS_MAX))
@example("\u202eevil\u202c")
@example("\x00\x08\x1b[31m")
@example("a" + "\u0301" * 200)
@example("\ud800")
def test_a_harmless_name_has_one_line_and_nothing_unseen(text: str) -> None:
    shown = harmless(text)
    assert 0 < len(shown) <= NAME_CHARACTERS_MAX
    assert shown.isprintable()
    assert shown == shown.strip()
    shown.encode()


def drawn(landscape: LandscapeMap, width: float) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False)
    return etree.fromstring(draw_landscape(landscape, DrawOptions(), width=width).encode(), parser)


def rect_of(element: etree._Element) -> Rect:
    frame = element.find(f"{SVG}rect")
    assert frame is not None
    x, y, width, height = (float(frame.get(name, "")) for name in ("x", "y", "width", "height"))
    return Rect(x, y, width, height)


def written(element: etree._Element, size: float, *, bold: bool = False) -> Iterator[Rect]:
    """Yield where the element's own lines stand; those of counts are measured elsewhere."""
    for line in element.findall(f"{SVG}text"):
        if line.get("class") in {"n", "q"}:
            continue
        x, y = float(line.get("x", "")), float(line.get("y", ""))
        yield Rect(x, y - size, width_px(line.text or "", size, bold=bold), size)


@SAMPLES
@given(landscapes, widths)
def test_what_is_drawn_is_well_formed_and_stays_in_its_box(
    landscape: LandscapeMap, width: float
) -> None:
    picture = drawn(landscape, width)
    scale = page_arrangement(landscape, width).scale
    for group in picture.iter(f"{SVG}g"):
        kind = (group.get("class") or "").split()[:1]
        if kind == ["c"]:
            assert all(inside(line, rect_of(group)) for line in written(group, scale.title))
        if kind == ["d"]:
            heading = group.find(f"{SVG}a[@class='l']")
            count = group.find(f"{SVG}text[@class='q']")
            assert count is not None
            left = float(count.get("x", "")) - width_px(count.text or "", scale.title)
            for line in written(group if heading is None else heading, scale.heading, bold=True):
                assert inside(line, rect_of(group))
                assert line.right <= left + A_HAIR
    for link in picture.iter(f"{SVG}a"):
        if (link.get("class") or "").startswith("s "):
            assert link.findtext(f"{SVG}title")
            assert (link.get("href") or "").startswith("/systems/")
            if not scale.cell:
                assert all(inside(line, rect_of(link)) for line in written(link, scale.label))


@SAMPLES
@given(landscapes, st.sampled_from(ColourBy))
def test_a_picture_that_stands_alone_is_well_formed(
    landscape: LandscapeMap, colour_by: ColourBy
) -> None:
    options = DrawOptions(colour_by=colour_by, title="</title><script>")
    picture = landscape_poster(landscape, options, stylesheet=".a{}")
    root = etree.fromstring(picture.encode(), etree.XMLParser(resolve_entities=False))
    assert not list(root.iter(f"{SVG}script"))


@pytest.mark.parametrize("colour_by", list(ColourBy))
def test_two_pictures_on_one_page_share_no_id(colour_by: ColourBy) -> None:
    ids = [
        mark.get("id")
        for prefix in ("a", "b")
        for mark in etree.fromstring(
            draw_landscape(town(40), DrawOptions(colour_by=colour_by, prefix=prefix)).encode()
        ).iter()
        if mark.get("id")
    ]
    assert len(ids) == len(set(ids))


def test_one_system_is_not_called_systems() -> None:
    box = SystemBox("urn:s", "Archive", data_sets=1, interfaces=2)
    picture = draw_landscape(
        LandscapeMap([DomainBlock("urn:d", "Care", [ComponentBlock("urn:c", "Files", [box])])]),
        DrawOptions(),
    )
    assert "Care · 1 system<" in picture
    assert "1 data set · 2 interfaces<" in picture
