"""Publish a landscape's data sets as a DCAT catalogue, with what holds for the whole town."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from registry.landscape.exchange.dcat import Profile, require_complete
from registry.landscape.exchange.dcat_writer import write_json_ld, write_turtle
from registry.landscape.questions.catalogue import Publication, catalogue
from registry.landscape.questions.graph import LandscapeGraph
from schemas.errors import InvalidInput
from townclerk.cli.files import read_text

PUBLICATION_BYTES_MAX = 100_000  # a dozen lines
JSON_SUFFIXES: Final = frozenset({".json", ".jsonld"})


def read_publication(file: Path | None) -> Publication:
    """Read what holds for the whole town.

    Raises:
        InvalidInput: No file was named, or it is not as it should be.
    """
    remedy = "docs/how-to/publish-dcat.md shows a whole file."
    if file is None:
        raise InvalidInput(
            "A catalogue needs a publisher, a contact and a licence: name a file with "
            "--publication FILE.toml.",
            remedy=remedy,
        )
    text = read_text(file, bytes_max=PUBLICATION_BYTES_MAX)
    try:
        return msgspec.toml.decode(text, type=Publication)
    except (msgspec.DecodeError, ValueError) as error:
        raise InvalidInput(f"{file} is not as it should be: {error}", remedy=remedy) from error


def published(
    graph: LandscapeGraph, profile: Profile, told: Publication, *, is_json: bool
) -> tuple[bytes, dict[str, int]]:
    """Return a landscape's catalogue as a file, and how much is in it.

    Raises:
        CatalogueIncomplete: The profile demands what nobody says; names all of it.
    """
    made = catalogue(graph, told, today=datetime.now(UTC).date())
    require_complete(made, profile)
    write = write_json_ld if is_json else write_turtle
    counts = {
        "data_sets": len(made.datasets),
        "distributions": sum(len(one.distributions) for one in made.datasets),
        "services": len(made.services),
    }
    return write(made, profile).encode(), counts
