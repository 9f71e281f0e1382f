"""Show trials of streams to a person: counts, raw beside mapped, and what is refused."""

import json
from collections.abc import Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

from townclerk.cli.output import many, print_table, say

if TYPE_CHECKING:
    from flows.trial import Trial

CELL_CHARACTERS_MAX = 60
"""Of one raw value; longer ones would push the mapped one off the screen."""


def show_trials(trials: Sequence["Trial"]) -> None:
    """Print each trial."""
    for trial in trials:
        say(
            f"{trial.stream}: {many(trial.records, 'record')} on the page, {trial.mapped} usable; "
            f"paging {trial.paging}; key `{trial.key}`, {trial.duplicate_keys} doubled."
        )
        for number, sample in enumerate(trial.samples, 1):
            print_table(
                f"{trial.stream}, record {number}",
                ("raw field", "raw value", "mapped to", "mapped value"),
                _beside(sample["raw"], sample["mapped"]),
            )
        print_table(
            f"{trial.stream}: how many records fill a field",
            ("field", "share"),
            [(field, f"{share:.0%}") for field, share in trial.fill.items()],
        )
        if trial.unused:
            say(f"Not read by the mapping: {', '.join(trial.unused)}.")
        if trial.quarantined:
            print_table(
                f"{trial.stream}: would go to quarantine",
                ("rule", "path", "reason", "records"),
                [(q["rule"], q["path"], q["reason"], q["records"]) for q in trial.quarantined],
            )
        for sentence in trial.advice:
            say(f"Look at {trial.stream}: {sentence}.")


def _beside(raw: object, mapped: dict[str, object]) -> list[tuple[object, ...]]:
    """Put a raw record on the left and what it was mapped to on the right."""
    left = list(raw.items()) if isinstance(raw, dict) else [("(cut)", raw)]
    cells = [
        (name, json.dumps(value, ensure_ascii=False)[:CELL_CHARACTERS_MAX]) for name, value in left
    ]
    return [
        (*one, *other) for one, other in zip_longest(cells, mapped.items(), fillvalue=(None, None))
    ]
