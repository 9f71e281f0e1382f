"""The sandbox city as an architect would register it: systems, data sets, interfaces and owners."""

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import yaml

from schemas.errors import InvalidInput


def landscape_of(addresses: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """Return the city's landscape with the reference model, ready to be registered.

    Args:
        addresses: `sources` of the ready line: per source its base_url.

    Raises:
        InvalidInput: A source of the landscape has no address.
    """
    reference = _read("schemas.reference", "town.yaml")
    city = _read("townclerk.sandbox", "landscape.yaml")
    for element in city["elements"]:
        source = element.get("attrs", {}).pop("source", None)
        if source is None:
            continue
        if source not in addresses:
            raise InvalidInput(f"The sandbox city gave no address for its source {source}.")
        element["attrs"] |= {"base_url": addresses[source]["base_url"], "sandbox": True}
    return {part: reference[part] + city[part] for part in ("elements", "relationships")}


def _read(package: str, name: str) -> dict[str, Any]:
    text = files(package).joinpath(name).read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found
