"""Colours people can tell apart, by day and by night: computed from tokens.css, not looked at."""

import re

import pytest

from registry.web.assets import STATIC

TEXT_MIN = 4.5  # WCAG 2.2, success criterion 1.4.3
BORDER_MIN = 3.0  # WCAG 2.2, success criterion 1.4.11
STATES = ("green", "blue", "amber", "red", "grey", "purple", "teal", "indigo")
PAPERS = (
    "utrecht-document-background-color",
    "utrecht-surface-background-color",
    "utrecht-table-row-alternate-even-background-color",
    "townclerk-component-fill",
    "townclerk-domain-fill",
)
FILLS = tuple(f"townclerk-{state}-fill" for state in STATES)
TEXTS = [
    *(("utrecht-document-color", paper) for paper in (*PAPERS, *FILLS)),
    *(("utrecht-document-subtle-color", paper) for paper in (*PAPERS, *FILLS)),
    *(("utrecht-link-color", paper) for paper in PAPERS),
    ("utrecht-page-header-color", "utrecht-page-header-background-color"),
    ("townclerk-amber", "townclerk-amber-fill"),
    # What agrees and differs of two records, and how a customer was spoken to; on every table.
    *((f"townclerk-{colour}", paper) for colour in ("green", "red") for paper in PAPERS[:3]),
    ("townclerk-blue", "townclerk-blue-fill"),
    ("townclerk-blue", "utrecht-surface-background-color"),
    *(("townclerk-mark-color", f"townclerk-{state}") for state in STATES),
    # The letter of an open mark stands on the paper of its component.
    *((f"townclerk-{state}", "townclerk-component-fill") for state in STATES),
]
BORDERS = [
    ("townclerk-domain-border", "utrecht-document-background-color"),
    ("townclerk-domain-border", "townclerk-domain-fill"),
    ("townclerk-domain-border", "utrecht-surface-background-color"),
    ("townclerk-gap-border", "townclerk-domain-fill"),
    *((f"townclerk-{state}", f"townclerk-{state}-fill") for state in STATES),
    *((f"townclerk-{state}", "townclerk-component-fill") for state in STATES),
    *((f"townclerk-{state}", "townclerk-domain-fill") for state in STATES),
    *((f"townclerk-{state}", "utrecht-surface-background-color") for state in STATES),
    *(("utrecht-focus-outline-color", paper) for paper in (*PAPERS, *FILLS)),
]


def themes() -> dict[str, dict[str, str]]:
    """Return the colours of both themes; the dark one changes some of the light one's."""
    day, night = (STATIC / "tokens.css").read_text().split("@media (prefers-color-scheme: dark)")
    light = dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{3,6})\b", day))
    return {
        "light": light,
        "dark": {**light, **dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{3,6})\b", night))},
    }


def brightness(colour: str) -> float:
    """Return the relative luminance of a colour, from 0 to 1.

    Source:
        WCAG 2.2, definition of relative luminance.
    """
    digits = colour.removeprefix("#")
    digits = digits if len(digits) == 6 else "".join(digit * 2 for digit in digits)
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, from 1 to 21."""
    dark, light = sorted((brightness(one), brightness(other)))
    return (light + 0.05) / (dark + 0.05)


def too_weak(theme: str, pairs: list[tuple[str, str]], least: float) -> dict[str, float]:
    colours = themes()[theme]
    found = {f"{a} on {b}": contrast(colours[a], colours[b]) for a, b in pairs}
    return {pair: round(value, 2) for pair, value in found.items() if value < least}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_text_can_be_read(theme: str) -> None:
    assert not too_weak(theme, TEXTS, TEXT_MIN)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_border_and_focus_can_be_seen(theme: str) -> None:
    assert not too_weak(theme, BORDERS, BORDER_MIN)


def test_both_themes_name_the_same_states() -> None:
    day, night = themes()["light"], themes()["dark"]
    for name in (*FILLS, *(f"townclerk-{state}" for state in STATES)):
        assert day[name] != night[name], name


def test_no_other_stylesheet_of_ours_names_a_colour() -> None:
    for file in STATIC.glob("*.css"):
        if file.name != "tokens.css":
            assert not re.search(r"#[0-9a-fA-F]{3,8}\b(?![^{]*\{)|\brgba?\(", file.read_text()), (
                file.name
            )


def test_every_token_that_is_used_is_there() -> None:
    known = themes()["light"].keys() | {"fill", "strong", "utrecht-document-font-family"}
    for file in STATIC.glob("*.css"):
        assert set(re.findall(r"var\(--([\w-]+)\)", file.read_text())) <= known, file.name


def test_contrast_is_computed_as_the_standard_says() -> None:
    assert contrast("#000", "#ffffff") == pytest.approx(21)
    assert contrast("#777", "#fff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("sheet", ["page.css", "customers.css"])
def test_pages_of_stewards_name_no_colour_that_is_not_computed_here(sheet: str) -> None:
    text = re.sub(r"/\*.*?\*/", "", (STATIC / sheet).read_text(), flags=re.DOTALL)
    assert not re.findall(r"#[0-9a-fA-F]{3,8}\b|rgba?\(|hsla?\(", text)
    named = {
        pair
        for rule in re.findall(r"\{([^}]*)\}", text)
        for ink in re.findall(r"(?<![\w-])color: var\(--([\w-]+)\)", rule)
        for paper in re.findall(r"background: var\(--([\w-]+)\)", rule)
        for pair in [(ink, paper)]
    }
    assert named <= {*TEXTS}, "every ink on a paper of its own has its contrast computed"
