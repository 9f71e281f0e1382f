"""The models' part of `townclerk customers`: which were kept, and forgetting one."""

from typing import Annotated

import typer

from registry import customers
from townclerk.cli.opening import opened_town, unit_of_work
from townclerk.cli.output import AsJson, print_json, print_table, say, say_next

SHOWN_CHARACTERS = 12


def models(as_json: AsJson = False) -> None:
    """List the models that were trained and kept, the newest first."""
    with opened_town(), unit_of_work() as db:
        found = customers.versions.list_versions(db)
    if as_json:
        print_json(found)
        return
    print_table(
        "Models",
        ("version", "trained", "on records", "in force", "usable"),
        (
            (
                one.version[:SHOWN_CHARACTERS],
                f"{one.trained_at:%Y-%m-%d %H:%M}",
                one.trained_on,
                "yes" if one.live else "",
                "yes" if one.usable else "by another release",
            )
            for one in found
        ),
    )
    for one in found:
        if one.unread:
            say(
                f"{one.version[:SHOWN_CHARACTERS]} trained itself before all of"
                f" {', '.join(one.unread)} had been read; once they are, a new one is trained."
            )
    waiting = next((one for one in found if one.usable and not one.live), None)
    if waiting:
        short = waiting.version[:SHOWN_CHARACTERS]
        say_next(
            f"`townclerk customers rematch --version {short}` puts it in force,"
            f" `townclerk customers reject {short}` forgets it"
        )
    else:
        say_next("`townclerk customers train` trains one on the records of today")


def reject(
    version: Annotated[str, typer.Argument(help="Hash of a kept model, or its beginning.")],
    as_json: AsJson = False,
) -> None:
    """Forget a model that was trained and is not wanted; no customer changes."""
    with opened_town(), unit_of_work() as db:
        gone = customers.versions.reject_version(db, version)
    if as_json:
        print_json({"version": gone})
        return
    say(f"Model {gone[:SHOWN_CHARACTERS]} is forgotten.")
    say_next("`townclerk customers models` shows those that are left")
