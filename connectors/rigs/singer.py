"""Plays a Singer tap for the conformance kit: a small program that says what a show holds."""

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connectors.sdk.conformance.rigs import Fault, Played, Rig, Show, person
from connectors.sdk.spec import ConnectorFile
from connectors.singer import SingerConnector, SingerStream

FAULTS = frozenset({Fault.BROKEN, Fault.CUT_SHORT, Fault.NOT_ITS_SHAPE, Fault.SHORT_PAGE})

PROGRAM = """#!{python} -IS
import json, sys
show = json.load(open({show!r}))
options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
if "--discover" in sys.argv:
    print(json.dumps({{"streams": [{{"stream": show["stream"], "schema": {{}}}}]}}))
    sys.exit(0)
done = json.load(open(options["--state"]))["done"] if "--state" in options else 0
print(json.dumps({{"type": "SCHEMA", "stream": show["stream"], "schema": {{}}}}))
for number in range(done, len(show["records"]), show["size"]):
    if show["fault"] and number >= show["fault_at"]:
        if show["fault"] == "broken":
            sys.exit(1)
        print("no message" if show["fault"] == "shape" else '{{"type": "REC', end="")
        print() if show["fault"] == "shape" else sys.exit(0)
    for record in show["records"][number:number + show["size"]]:
        print(json.dumps({{"type": "RECORD", "stream": show["stream"], "record": record}}))
    print(json.dumps({{"type": "STATE", "value": {{"done": number + show["size"]}}}}))
"""

_FAULTS = {Fault.BROKEN: "broken", Fault.CUT_SHORT: "cut", Fault.NOT_ITS_SHAPE: "shape"}


class SingerRig(Rig):
    """Plays one stream of a tap."""

    def __init__(self, spec: ConnectorFile, stream: str) -> None:
        found = spec.streams[stream]
        assert isinstance(found, SingerStream)  # the kind was looked up by the file's own word
        self._stream = found
        super().__init__(
            connector=SingerConnector,
            spec=spec,
            stream=stream,
            faults=FAULTS,
            pages_ten_fold=False,
        )

    @contextmanager
    def play(self, show: Show) -> Iterator[Played]:
        """Install the tap, for as long as the block lasts."""
        size = max(1, show.size // 2) if show.fault is Fault.SHORT_PAGE else show.size
        facts = {
            "stream": self._stream.stream,
            "records": [person(self._stream, number) for number in show.numbers()],
            "size": size,
            "fault": _FAULTS.get(show.fault) if show.fault else None,
            "fault_at": show.fault_page * size,
        }
        before = os.environ.get("TOWNCLERK_TAPS_DIR")
        with tempfile.TemporaryDirectory(prefix="townclerk-") as place:
            program = Path(place) / self._stream.tap / "bin" / self._stream.tap
            program.parent.mkdir(parents=True)
            told = Path(place) / "show.json"
            told.write_text(json.dumps(facts))
            program.write_text(PROGRAM.format(python=sys.executable, show=str(told)))
            program.chmod(0o700)
            os.environ["TOWNCLERK_TAPS_DIR"] = place
            try:
                yield Played(source=self.source("https://tap.invalid", size=size))
            finally:
                os.environ.pop("TOWNCLERK_TAPS_DIR")
                if before is not None:
                    os.environ["TOWNCLERK_TAPS_DIR"] = before
