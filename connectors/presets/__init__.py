"""Connector files for products that many towns run: put your address and data sets in, and go."""

from functools import cache
from importlib.resources import files

from schemas.errors import UnknownName


class UnknownPreset(UnknownName):
    """There is no preset of this name."""

    code = "unknown_preset"
    remedy = "List the presets with `townclerk connector preset`."


@cache
def presets() -> dict[str, str]:
    """Return the text of each preset by its name, sorted."""
    found = {
        entry.name.removesuffix(".yaml"): entry.read_text(encoding="utf-8")
        for entry in files(__name__).iterdir()
        if entry.name.endswith(".yaml")
    }
    return dict(sorted(found.items()))


def preset(name: str) -> str:
    """Return the text of one preset.

    Raises:
        UnknownPreset: There is none of this name.
    """
    if name not in presets():
        raise UnknownPreset(f"No preset is called `{name[:60]}`; there are {', '.join(presets())}.")
    return presets()[name]
