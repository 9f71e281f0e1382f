"""Rule sets by what people type: a bundled name, a file, or an address on an allowed host.

Behind each may stand `@sha256:` and the hash that reports show; then nothing else is accepted. An
address needs it: what is fetched is what somebody looked at, or nothing.
"""

import tempfile
from collections.abc import Collection
from pathlib import Path
from urllib.parse import urlsplit

from registry.compliance.rulesets.load import FILE_BYTES_MAX, load
from registry.compliance.rulesets.model import InvalidRuleSet, RuleSet

FETCH_SECONDS_MAX = 20.0
_MARK = "@sha256:"


class RuleSetChanged(InvalidRuleSet):
    """A rule set is not the one it was pinned to."""

    code = "rule_set_changed"
    remedy = "Look at what changed; when it is right, write the new hash behind the name."


def load_pinned(
    name: str,
    *,
    hosts: Collection[str] = (),
    leave_out_unknown: bool = False,
    javascript: bool = False,
) -> RuleSet:
    """Load a rule set and hold it to its hash.

    Args:
        name: Bundled name, file or https address, optionally with `@sha256:HASH`.
        hosts: Hosts from which rule sets may be fetched.
        leave_out_unknown: Switch off rules that need functions we do not have.
        javascript: Run the functions in JavaScript that a file brings; never those of an address.

    Raises:
        InvalidRuleSet: It cannot be read, or an address has no hash or is not allowed.
        RuleSetChanged: Its hash is another.
        GiveUp: The host refuses.
        RetryLater: The host does not answer now.
    """
    place, mark, digest = name.partition(_MARK)
    if "://" in place:
        found = _fetched(place, digest, hosts, leave_out_unknown=leave_out_unknown)
    else:
        found = load(place, leave_out_unknown=leave_out_unknown, javascript=javascript)
    if mark and found.digest != digest.strip().lower():
        raise RuleSetChanged(f"The rule set {place!r} has the hash {found.digest}, not {digest}.")
    return found


def _fetched(
    address: str, digest: str, hosts: Collection[str], *, leave_out_unknown: bool
) -> RuleSet:
    parts = urlsplit(address)
    if parts.scheme != "https" or parts.hostname not in hosts:
        raise InvalidRuleSet(
            f"The rule set {address!r} is not fetched: its host is not allowed.",
            remedy="Allow the host with --allow-host, or download the rule set and name the file.",
        )
    if not digest:
        raise InvalidRuleSet(
            f"The rule set {address!r} has no hash behind it.",
            remedy="Download it, look at it, check once with the file, and add @sha256: and the "
            "hash that the report shows.",
        )
    import asyncio  # bundled rule sets and files, which is nearly all, need no network

    content = asyncio.run(_fetch(address))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / (Path(parts.path).name or "ruleset.yaml")
        file.write_bytes(content)
        found = load(file, leave_out_unknown=leave_out_unknown)
    found.name = address
    return found


async def _fetch(address: str) -> bytes:
    from connectors.sdk.http import HttpClient

    parts = urlsplit(address)
    client = HttpClient(
        f"{parts.scheme}://{parts.netloc}",
        internal=False,
        loopback=False,
        timeout_seconds=FETCH_SECONDS_MAX,
    )
    try:
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        body = await client.get(target, {}, lambda answer: answer.body)
    finally:
        await client.close()
    if len(body) > FILE_BYTES_MAX:
        raise InvalidRuleSet(f"{address!r} has more than {FILE_BYTES_MAX:,} bytes.")
    return body
