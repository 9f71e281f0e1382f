"""`townclerk customers link` on tables of strangers: 31 languages and layouts, labelled.

    make bench ARGS=customers.strangers                about four minutes on two quiet cores
    python -m benchmarks.customers.strangers FOLDER    judges tables that were made before

The tables come from Faker in an environment of its own and a fresh seed, by two generators:
copies of a record that are spoilt (strange_tables.py), and lives that are written down in some
year (held_out_tables.py). All go through the same command without any setting. All were looked at
while the reading of columns was mended, so they show what is known to work, not what the next
would give.
"""

import csv
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.customers.labelled import SURE, Judged
from benchmarks.customers.peers import peer_environment
from benchmarks.figures import Figure
from registry.customers.tables.link_files import FileLinked, link_files

SEED = 2_026_11
MAKERS = ("strange_tables", "held_out_tables")
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Looked(Judged):
    """A judged table, with what is looked at where it went wrong.

    Attributes:
        expected: Share of the written pairs that their probabilities say is right.
        found: What its columns were taken for.
    """

    expected: float
    found: FileLinked

    def as_line(self) -> str:
        """Return one line for people."""
        return f"{self.name}: F1 {self.f1:.4f}, {self.told()}; said {self.expected:.4f} on average"


def run() -> list[Figure]:
    """Make the tables anew and measure all of them."""
    with (
        peer_environment("faker==40.54.0") as python,
        tempfile.TemporaryDirectory(prefix="townclerk-bench-") as place,
    ):
        results: list[Looked] = []
        for maker in MAKERS:
            folder = Path(place) / maker
            folder.mkdir()
            module = f"benchmarks.customers.{maker}"
            seed = os.environ.get("BENCH_SEED", str(SEED))
            subprocess.run([python, "-m", module, folder, seed], check=True, cwd=ROOT)
            results += judged(folder)
    figures = [_figure(one) for one in results]
    linked = [one for one in results if one.true]
    figures.append(
        Figure(
            f"mean pair F1 of the {len(linked)} tables in which anybody stands twice",
            round(sum(one.f1 for one in linked) / len(linked), 4),
            "",
            "",
            f"lowest {min(one.f1 for one in linked):.4f}; of links of probability {SURE} and more"
            f" {_sure_right(results):.4f} right; all were looked at while columns were mended",
        )
    )
    return figures


def _sure_right(some: list[Looked]) -> float:
    return sum(one.sure_right for one in some) / max(sum(one.sure for one in some), 1)


def _figure(one: Looked) -> Figure:
    if not one.true:
        how = f"`townclerk customers link`; {one.records} records, all of different customers"
        return Figure(f"{one.name}: wrong links", one.links, "", "", how)
    return Figure(
        f"{one.name}: pair F1",
        round(one.f1, 4),
        "",
        "",
        f"`townclerk customers link`, columns inferred; {one.told()}",
    )


def judged(folder: Path) -> Iterator[Looked]:
    """Link and judge every table in a folder."""
    for place in sorted(folder.iterdir()):
        case = json.loads((place / "case.json").read_text())
        yield _judge(case["name"], [place / name for name in case["files"]], place)


def _judge(name: str, files: list[Path], place: Path) -> Looked:
    with (place / "truth.csv").open(encoding="utf-8", newline="") as file:
        entity = {row["id"]: row["entity"] for row in csv.DictReader(file)}
    sizes = Counter(entity.values())
    true = sum(size * (size - 1) // 2 for size in sizes.values())
    out = place / "pairs.csv"
    found = link_files(files, out)
    with out.open(encoding="utf-8", newline="") as file:
        pairs = [
            (float(row["probability"]), entity[row["id_l"]] == entity[row["id_r"]])
            for row in csv.DictReader(file)
        ]
    right = sum(correct for _, correct in pairs)
    sure = [correct for probability, correct in pairs if probability >= SURE]
    return Looked(
        name,
        found.records,
        true=true,
        links=len(pairs),
        right=right,
        sure=len(sure),
        sure_right=sum(sure),
        seconds=round(sum(found.seconds.values()), 1),
        expected=sum(probability for probability, _ in pairs) / max(len(pairs), 1),
        found=found,
    )


def main() -> None:
    """Print one line per table in a folder, and what its columns were taken for."""
    for one in judged(Path(sys.argv[1])):
        sys.stdout.write(one.as_line() + "\n")
        for name, roles in one.found.roles.items():
            told = ", ".join(f"{role.column}={role.role}" for role in roles)
            sys.stdout.write(f"    {name}: {told}; ignored {one.found.ignored[name]}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
