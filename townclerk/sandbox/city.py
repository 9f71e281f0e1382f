"""Building the sandbox city: generate once, keep, replace only as a whole.

The city's folder holds `city/` with the sources' store, files and rows, the truth and a
manifest. It is written aside and renamed, so a crash never leaves half a town.
"""

import json
import shutil
from collections.abc import Iterator
from hashlib import blake2b
from importlib.resources import files
from itertools import count
from pathlib import Path
from random import Random
from threading import Event
from typing import Protocol

from msgspec import Struct

from schemas.errors import InvalidInput
from townclerk.sandbox.households import Household, household, household_seed
from townclerk.sandbox.organisations import Organisation, organisations_of
from townclerk.sandbox.outputs import CopyFile, ParkingSheet, WasteFiles
from townclerk.sandbox.sources import contacts, crm, library, parking, permits, taxes, waste
from townclerk.sandbox.sources.contacts import ContactDesk
from townclerk.sandbox.sources.desk import Desk, Note
from townclerk.sandbox.store import StoreWriter
from townclerk.sandbox.truth import TruthWriter
from townclerk.sandbox.urns import Draw

PEOPLE_MAX = 1_000_000  # keys and personal numbers are unique up to here
SEED_MAX = 2**31 - 1  # fits everywhere a seed may be written down
ADULT = 18  # years
CRM = "crm.customers"  # the stream whose customers have contacts
STOP_EVERY = 64  # households between two looks at whether we must stop


class Stopped(Exception):
    """The city was asked to stop while it was still being built."""


class Manifest(Struct, frozen=True):
    """What the city in a folder is made from, and how large it became.

    Attributes:
        version: Digest of the generator; another generator makes another town.
        records: Customer records per stream.
        unreadable: Records per stream that hold a value no reader can use.
        dealings: Per stream, what is known around customers: contacts, consents, wishes.
    """

    version: str
    people: int
    seed: int
    households: int
    organisations: int
    records: dict[str, int]
    unreadable: dict[str, int]
    dealings: dict[str, int]


class Sink(Protocol):
    """Where the records of a stream are written."""

    def add(self, stream: str, note: Note) -> None:
        """Take one record."""

    def close(self, *, whole: bool) -> None:
        """Finish what is `whole`; let go quickly of what will be thrown away."""


def desks() -> list[Desk]:
    """Open the desks of all source systems, in the order in which they see a household."""
    return [module.desk() for module in (crm, permits, library, taxes, waste, parking)]


def generator_version() -> str:
    """Return a digest of everything that shapes the town."""
    digest = blake2b(digest_size=8)
    root = files("townclerk.sandbox")
    for folder in (root, root.joinpath("words"), root.joinpath("sources")):
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
            if entry.is_file() and entry.name.endswith((".py", ".txt")):
                digest.update(entry.read_bytes())
    return digest.hexdigest()


def households(seed: int, people: int) -> Iterator[tuple[Household, list[Organisation], Draw]]:
    """Yield households until exactly `people` live in the town.

    Each is the same in every town of this seed. Near the end, households that would make the
    town too large are passed over.
    """
    random = Random()
    left = people
    for number in count():
        if left == 0:
            return
        random.seed(household_seed(seed, number))
        home = household(random, number)
        if len(home.members) <= left:
            left -= len(home.members)
            yield home, organisations_of(random.random, home), random.random


def build(folder: Path, *, people: int, seed: int, stop: Event | None = None) -> Manifest:
    """Generate the city below `folder`, or keep it when it is the one asked for.

    Args:
        folder: The city's folder; created when absent.
        people: Inhabitants, 1 to PEOPLE_MAX.
        seed: 0 to SEED_MAX; the same seed and number of people give the same bytes.
        stop: Set from outside to give up early.

    Returns:
        The manifest of the city that is there now.

    Raises:
        InvalidInput: Number of people or seed out of range.
        Stopped: `stop` was set; the folder is as it was before.
    """
    if not 1 <= people <= PEOPLE_MAX:
        raise InvalidInput(f"The number of people must lie between 1 and {PEOPLE_MAX:,}.")
    if not 0 <= seed <= SEED_MAX:
        raise InvalidInput(f"The seed must lie between 0 and {SEED_MAX}.")
    home = folder / "city"
    found = read_manifest(folder)
    version = generator_version()
    if found and (found.version, found.people, found.seed) == (version, people, seed):
        return found
    aside, old = folder / "city.new", folder / "city.old"
    for leftover in (aside, old):
        shutil.rmtree(leftover, ignore_errors=True)
    aside.mkdir(parents=True)
    try:
        manifest = _generate(aside, version, people, seed, stop or Event())
        text = json.dumps({name: getattr(manifest, name) for name in manifest.__struct_fields__})
        (aside / "manifest.json").write_text(text + "\n", encoding="utf-8")
        if home.exists():
            home.rename(old)
        aside.rename(home)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
    return manifest


def read_manifest(folder: Path) -> Manifest | None:
    """Return the manifest of the city in a folder, or None where there is no whole city."""
    try:
        text = (folder / "city" / "manifest.json").read_text(encoding="utf-8")
        return Manifest(**json.loads(text))
    except (OSError, ValueError, TypeError):
        return None


def _generate(aside: Path, version: str, people: int, seed: int, stop: Event) -> Manifest:
    open_desks, around = desks(), ContactDesk(seed)
    sinks, truth = _open_sinks(aside, open_desks)
    homes = organisations = 0
    whole = False
    try:
        for home, firms, draw in households(seed, people):
            homes += 1
            organisations += len(firms)
            for desk in open_desks:
                stream = desk.stream
                for note in desk.notes(draw, home, firms):
                    sinks[stream].add(stream, note)
                    truth.add(stream, note)
                    if stream == CRM and not _is_minor(home, note):
                        for dealings, dealing in around.notes(note):
                            sinks[dealings].add(dealings, dealing)
            if homes % STOP_EVERY == 0 and stop.is_set():
                raise Stopped
        whole = True
    finally:
        # The store serves several streams and is closed once.
        for sink in {id(sink): sink for sink in (*sinks.values(), truth)}.values():
            sink.close(whole=whole)
    records = {desk.stream: desk.count for desk in open_desks}
    unreadable = {desk.stream: desk.unreadable for desk in open_desks}
    return Manifest(version, people, seed, homes, organisations, records, unreadable, around.counts)


def _is_minor(home: Household, note: Note) -> bool:
    """Tell whether a record describes a child, for whom the parents call."""
    return any(member.key == note.owner and member.age < ADULT for member in home.members)


def _open_sinks(aside: Path, open_desks: list[Desk]) -> tuple[dict[str, Sink], Sink]:
    store = StoreWriter(aside / "store.sqlite")
    sinks: dict[str, Sink] = {
        CRM: store,
        **dict.fromkeys(contacts.STREAMS, store),
        "permits.applicants": store,
        "library.patrons": store,
        "taxes.subjects": CopyFile(aside / "taxes.copy"),
        "waste.passes": WasteFiles(aside / "waste"),
        "parking.permits": ParkingSheet(aside / "parking"),
    }
    data_sets = {desk.stream: desk.data_set for desk in open_desks}
    return sinks, TruthWriter(aside / "truth.sqlite", data_sets)
