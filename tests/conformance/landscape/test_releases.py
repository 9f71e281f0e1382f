"""Real releases of a national reference architecture: stored, asked for by day, taken back."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from registry.landscape.exchange.compare import differences
from registry.landscape.exchange.formats import load
from registry.landscape.models.fetch import fetch_model
from registry.landscape.models.releases import Source, roll_back, take_in
from registry.landscape.models.report import Report

Place = Callable[[str], Path]
RELEASES = ("2019-12-06", "2020-12-12", "2023-12-19", "2025-10-11", "2026-06-30")
KEPT_FROM_2019_TO_2020_MIN = 1840  # of 1,873; by exchange id alone it would be 2


def take(db: psycopg.Connection, path: Path, *, day: str | None = None) -> Report:
    since = datetime.fromisoformat(day).replace(tzinfo=UTC) if day else None
    source = Source(key="ref", file=path.name, file_hash=b"", release=day, valid_from=since)
    return take_in(db, load(path), source)


@pytest.mark.parametrize(
    "name",
    [
        "archimate/Archisurance.archimate",
        pytest.param("gemma-ggm/GEMMA-GGM-2025-07-02.xml.gz", marks=pytest.mark.heavy),
        pytest.param("gemma/GEMMA-2026-06-30.xml.gz", marks=pytest.mark.heavy),
        pytest.param("gemma/GEMMA-2026-06-30.archimate.gz", marks=pytest.mark.heavy),
    ],
)
def test_a_real_model_is_stored_without_loss(
    db: psycopg.Connection, reference_data: Place, name: str
) -> None:
    path = reference_data(name)
    take(db, path)

    assert differences(load(path).model, fetch_model(db, "ref")) == []
    assert take(db, path).rows_changed == 0


@pytest.mark.heavy
def test_real_releases_keep_who_is_who_and_every_day(
    db: psycopg.Connection, reference_data: Place
) -> None:
    paths = {day: reference_data(f"gemma/GEMMA-{day}.xml.gz") for day in RELEASES}
    reports = {day: take(db, path, day=day) for day, path in paths.items()}

    found = reports["2020-12-12"].elements
    assert found.kept + found.moved + found.changed >= KEPT_FROM_2019_TO_2020_MIN
    for day, path in paths.items():
        moment = datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(hours=1)
        assert differences(load(path).model, fetch_model(db, "ref", as_of=moment)) == []
    for day in RELEASES[3:0:-1]:  # the newest is taken back first
        roll_back(db, "ref", proposer="architect")
        assert differences(load(paths[day]).model, fetch_model(db, "ref")) == []
