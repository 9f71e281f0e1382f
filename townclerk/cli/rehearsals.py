"""What `townclerk sync run --dry-run` does: read sources, say what would change, keep nothing."""

import asyncio

from townclerk.cli.opening import opened_town, unit_of_work
from townclerk.cli.output import print_json, print_table, say, say_next


def rehearse_sources(sources: list[str] | None, *, as_json: bool) -> None:
    """Rehearse the syncs of some sources, or of all."""
    from flows.rehearse import rehearse
    from registry import intake

    with opened_town():
        with unit_of_work() as db:
            keys = sources or [source.key for source in intake.queries.list_sources(db)]
        found = {key: asyncio.run(rehearse(key)) for key in dict.fromkeys(keys)}
    if as_json:
        print_json(found)
        return
    print_table(
        "What a sync would do; nothing was kept",
        ("source", "stream", "read", "new", "changed", "unchanged", "quarantined", "vanished"),
        (
            (key, r.stream, r.read, r.new, r.changed, r.unchanged, sum(r.quarantined.values()),
             r.vanished)
            for key, streams in found.items()
            for r in streams
        ),
    )  # fmt: skip
    for key, streams in found.items():
        for r in streams:
            if r.fields:
                told = ", ".join(f"{name} {count}" for name, count in r.fields.items())
                say(f"{key} {r.stream}, fields that would change: {told}.")
            if r.quarantined:
                told = ", ".join(f"{rule} {count}" for rule, count in r.quarantined.items())
                say(f"{key} {r.stream}, refused by rule: {told}.")
    say_next("`townclerk sync run` does it")
