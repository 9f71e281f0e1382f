"""`townclerk interfaces privacy`: fields that look like personal data, against what is declared."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from registry.compliance.checking import check_document
from registry.compliance.privacy import Declaration, PrivacyCheck
from schemas.compliance import CheckedDocument
from townclerk.cli.interface_files import documents
from townclerk.cli.output import say

Places = Annotated[
    list[str],
    typer.Argument(
        help="URNs of registered interfaces; or files, folders, patterns, or -, of which nothing "
        "is declared."
    ),
]


def looked_through(places: list[str], stdin_name: str) -> list[CheckedDocument]:
    """Return what each document shows of personal data that the register does not declare.

    Args:
        places: URNs, which need a database, or files, which do not.
        stdin_name: Name for what standard input gives.
    """
    urns = [place for place in places if place.startswith("urn:")]
    files = [Path(place) for place in places if not place.startswith("urn:")]
    found = _registered(urns) if urns else []
    nothing = Declaration.of({})
    found += [_look(content, source, nothing) for source, content in documents(files, stdin_name)]
    for one in found:
        if not one.kind.startswith("OpenAPI"):
            say(f"{one.source} was not looked through: it is no OpenAPI document ({one.kind}).")
    return found


def _registered(urns: list[str]) -> list[CheckedDocument]:
    from registry.compliance import queries
    from townclerk.cli.opening import opened_town, unit_of_work

    found = []
    with opened_town(), unit_of_work() as db:
        for urn in urns:
            row = queries.newest_document(db, urn)
            one = _look(row.content, row.source, Declaration.of(row.attrs))
            found.append(replace(one, source=urn))
    return found


def _look(content: bytes, source: str, declaration: Declaration) -> CheckedDocument:
    return check_document(content, source, structure=False, extra=(PrivacyCheck(declaration),))
