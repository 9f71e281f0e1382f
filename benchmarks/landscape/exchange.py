"""Exchange formats on real reference architectures: time, memory, losses; pyArchimate beside it.

    python -m benchmarks.landscape.exchange        the figures as JSON
    make bench ARGS=landscape.exchange             the same, into docs/reference/figures.md

TOWNCLERK_TEST_DATA names the folder with the models; without them there is nothing to measure.
pyArchimate is GPL: it is installed into a throw-away environment, never beside our code.
"""

import argparse
import gzip
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure
from registry.landscape.exchange import archive, coarchi
from registry.landscape.exchange.archi import DEFAULTS
from registry.landscape.exchange.archi_reader import read_archi
from registry.landscape.exchange.archi_writer import write_archi
from registry.landscape.exchange.check import check
from registry.landscape.exchange.compare_xml import xml_differences
from registry.landscape.exchange.formats import Format, load_bytes, save
from registry.landscape.exchange.model import Model
from registry.landscape.exchange.opengroup_reader import read_exchange
from registry.landscape.exchange.opengroup_writer import write_exchange

BESIDE = Path(__file__).parents[2].parent / "shared" / "data"
DATA = Path(os.environ.get("TOWNCLERK_TEST_DATA", BESIDE)) / "landscape"
GEMMA_XML = "gemma/GEMMA-2026-06-30.xml.gz"
GEMMA_ARCHI = "gemma/GEMMA-2026-06-30.archimate.gz"
GEMMA_COARCHI = "gemma/GEMMA-grafico-2026-06-30.tar.gz"
GGM_XML = "gemma-ggm/GEMMA-GGM-2025-07-02.xml.gz"
ARCHISURANCE = "archimate/Archisurance.archimate"
PEER = "pyArchimate==2.0.0"
PEER_SECONDS_MAX = 300
BYTES_PER_MAXRSS = 1 if sys.platform == "darwin" else 1024
REPEATS = 3

# What the peer is asked to do; it runs in its own environment and knows nothing of us.
PEER_PROGRAM = """
import json, resource, sys, time, logging
logging.disable(logging.CRITICAL)
from pyArchimate import Model
model, report = Model("peer"), {}
try:
    began = time.process_time()
    model.read(sys.argv[1])
    report["read"] = time.process_time() - began
    report["counts"] = [len(model.elements), len(model.relationships), len(model.views)]
    began = time.process_time()
    model.write(sys.argv[2])
    report["write"] = time.process_time() - began
except Exception as error:
    report["error"] = f"{type(error).__name__}: {str(error)[:120]}"
report["maxrss"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps(report))
"""


def content(name: str) -> bytes:
    data = (DATA / name).read_bytes()
    return gzip.decompress(data) if name.endswith(".gz") and ".tar" not in name else data


def read_coarchi(data: bytes) -> Model:
    return coarchi.read_coarchi(archive.unpack(data, coarchi.wanted, file=GEMMA_COARCHI))


def pack_coarchi(model: Model) -> bytes:
    return save(model, Format.COARCHI)


Reader = Callable[[bytes], Model]
Writer = Callable[[Model], bytes]
WAYS: dict[str, tuple[str, Reader, Writer]] = {
    "exchange": (GEMMA_XML, read_exchange, write_exchange),
    "archi": (GEMMA_ARCHI, read_archi, write_archi),
    "coarchi": (GEMMA_COARCHI, read_coarchi, pack_coarchi),
    "ggm": (GGM_XML, read_exchange, write_exchange),
    "archisurance": (ARCHISURANCE, read_archi, write_archi),
}


def one_way(way: str, *, write: bool) -> dict[str, Any]:
    """Measure one way in and out in this process, which nothing else has warmed up."""
    name, read, written = WAYS[way]
    data = content(name)
    began = time.process_time()
    model = read(data)
    findings = check(model)
    seconds = {"read": time.process_time() - began}
    out = b""
    if write:
        began = time.process_time()
        out = written(model)
        seconds["write"] = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * BYTES_PER_MAXRSS / 2**20
    report = {"seconds": seconds, "peak_mib": peak, "counts": model.counts(), "bytes": len(data)}
    if write:
        report["differences"] = losses(way, data, out)
    return {**report, "findings": len(findings)}


def losses(way: str, data: bytes, out: bytes) -> int:
    """Count what differs between what went in and what came out."""
    if way == "coarchi":
        mine = archive.unpack(data, coarchi.wanted, file="in")
        theirs = archive.unpack(out, coarchi.wanted, file="out")
        return sum(mine.get(name) != theirs.get(name) for name in mine.keys() | theirs.keys())
    if way in {"archi", "archisurance"}:
        return len(xml_differences(data, out, defaults=DEFAULTS, grouped=True))
    return len(xml_differences(data, out))


def in_fresh_process(way: str, *, write: bool) -> dict[str, Any]:
    """Measure one way in processes of its own; the fastest of a few counts, the rest is noise."""
    command = [sys.executable, "-m", "benchmarks.landscape.exchange", "--way", way]
    runs = []
    for _ in range(REPEATS):
        done = subprocess.run(
            [*command, *(["--write"] if write else [])], capture_output=True, text=True, check=True
        )
        runs.append(json.loads(done.stdout))
    best: dict[str, Any] = min(runs, key=lambda run: sum(run["seconds"].values()))
    return best


def peer_runs(only: str | None = None) -> dict[str, Any]:
    """Run pyArchimate on the same files, or on one, in an environment that is thrown away."""
    with tempfile.TemporaryDirectory(prefix="townclerk-peer-") as place:
        folder = Path(place)
        venv.create(folder / "env", with_pip=True)
        python = folder / "env" / "bin" / "python"
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        installed = subprocess.run([*pip, PEER], capture_output=True, text=True, check=False)
        if installed.returncode:
            return {"error": "pyArchimate could not be installed here"}
        gemma = content(GEMMA_XML)
        files = {
            "gemma.xml": gemma,
            "gemma-prefixed.xml": with_prefixed_ids(gemma),
            "gemma.archimate": content(GEMMA_ARCHI),
            "archisurance.archimate": content(ARCHISURANCE),
        }
        return {
            name: peer_run(python, folder / name, data)
            for name, data in files.items()
            if only in {None, name}
        }


def with_prefixed_ids(data: bytes) -> bytes:
    """Give every id the prefix without which the peer crashes."""
    names = b"identifier|identifierRef|source|target|elementRef|relationshipRef|ref"
    pattern = rb' (%s)="(?!id-|propid-)([^"]+)"' % names
    return re.sub(pattern, rb' \1="id-\2"', data)


def peer_run(python: Path, path: Path, data: bytes) -> dict[str, Any]:
    path.write_bytes(data)
    out = path.with_suffix(".out.xml")
    command = [str(python), "-c", PEER_PROGRAM, str(path), str(out)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=PEER_SECONDS_MAX
    )
    if done.returncode:
        return {"error": f"exit code {done.returncode}"}
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    report["peak_mib"] = report.pop("maxrss") * BYTES_PER_MAXRSS / 2**20
    if "write" in report and path.suffix == ".xml":
        model = load_bytes(data, file="in.xml").model
        there = load_bytes(out.read_bytes(), file="out.xml").model
        before, after = model.counts(), there.counts()
        report["lost"] = {key: before[key] - after[key] for key in before}
        tagged = sum(1 for e in there.elements.values() if e.names and e.names[0].language)
        report["elements_with_language"] = tagged
    return report


def figures(ours: dict[str, dict[str, Any]], reading: dict[str, Any]) -> list[Figure]:
    """Turn measurements into figures with their promises."""
    alone = "CPU seconds in a fresh process, fastest of three; file already in memory"
    found = []
    for way, (name, _, _) in WAYS.items():
        run, whole = ours[way], way == "exchange"
        for action, seconds in run["seconds"].items():
            promise = "<= 2" if whole else ""
            found.append(Figure(f"{name}: {action}", seconds, "s", promise, alone))
        peak = "peak resident memory of the process, program and file included"
        found.append(
            Figure(f"{name}: memory", run["peak_mib"], "MiB", "<= 300" if whole else "", peak)
        )
        how = "differences between in and out: all XML, or all bytes for coArchi's folder"
        found.append(Figure(f"{name}: losses", run["differences"], "", "<= 0", how))
    peak = "peak resident memory when only read and checked"
    found.append(Figure(f"{GEMMA_XML}: memory, read", reading["peak_mib"], "MiB", "<= 300", peak))
    return found


def peer_figures(peer: dict[str, Any]) -> list[Figure]:
    """Turn the peer's runs into figures; where it crashed, the figure says so."""
    found = []
    for name, run in peer.items():
        for action in ("read", "write"):
            how = run.get("error", "") if isinstance(run, dict) else str(run)
            seconds = run.get(action) if isinstance(run, dict) else None
            label = f"{PEER}, {name}: {action}"
            if seconds is None:
                found.append(Figure(f"{label} (crashed)", 0, "s", "", how or "not reached"))
            else:
                found.append(Figure(label, seconds, "s", "", f"lost: {run.get('lost', '-')}"))
    return found


def measure() -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Measure all ways, reading alone, and the peer."""
    ours = {way: in_fresh_process(way, write=True) for way in WAYS}
    return ours, in_fresh_process("exchange", write=False), peer_runs()


def run() -> list[Figure]:
    """Measure everything; nothing, where the models are absent."""
    if not (DATA / GEMMA_XML).exists():
        sys.stderr.write(f"no models in {DATA}; set TOWNCLERK_TEST_DATA\n")
        return []
    ours, reading, peer = measure()
    return [*figures(ours, reading), *peer_figures(peer)]


def main() -> None:
    """Print what was measured as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--way", choices=WAYS)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    if options.way:
        sys.stdout.write(json.dumps(one_way(options.way, write=options.write)))
        return
    ours, reading, peer = measure()
    report = {"ours": ours, "reading_alone": reading, "peer": peer}
    sys.stdout.write(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
