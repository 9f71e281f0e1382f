"""What the command line does and the GraphQL field that does the same, for docs/reference.

`tools/write_docs.py` writes the page. It fails where a command of these groups has no row here, or
a row names a command or a field that is not there.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from graphql import GraphQLObjectType, build_schema

SCHEMA: Final = Path(__file__).parents[1] / "schemas" / "contracts" / "registry.graphql"
GROUPS: Final = ("interfaces", "connector", "sync", "quarantine")
# Command without its first word: fields of GraphQL, and what is to be said of them. Without a
# field, why there is none.
TWINS: Final[dict[str, tuple[tuple[str, ...], str]]] = {
    "interfaces check": (("documentFindings",), "One document of at most a megabyte."),
    "interfaces diff": (("contractChanges",), "Both versions as text: `old` and `document`."),
    "interfaces register": (("registerInterfaceDocument",), ""),
    "interfaces run": (
        ("checkInterface",),
        "One interface; the flow `check-interfaces` looks at the whole fleet each night.",
    ),
    "interfaces report": (("interfaceReport",), "Twenty interfaces at once, in all eight forms."),
    "interfaces probe": (
        ("probeInterface", "interfaceProbes"),
        "A worker does it; the answer and its evidence are read by the id.",
    ),
    "interfaces breaks": (("contractChanges",), "With `interface`, whose consumers are named."),
    "interfaces trend": (("interfaceScores",), ""),
    "interfaces rules": (("ruleEffectiveness",), ""),
    "interfaces privacy": (("privacyFindings",), ""),
    "interfaces evidence list": (("interfaceChecks",), ""),
    "interfaces evidence head": (("interfaceChecks",), "`interfaceChecks(first: 1)`."),
    "interfaces evidence export": (("evidenceArchive",), "Eight megabytes at most."),
    "interfaces evidence verify": (
        ("evidenceVerdict",),
        "The verifier inside the file needs neither of the two.",
    ),
    "interfaces ruleset add": (
        ("keepRuleSet",),
        "Bundled, or all files as text; nothing is fetched.",
    ),
    "interfaces ruleset list": (("ruleSets",), ""),
    "interfaces standard set": (("setStandard",), ""),
    "interfaces standard list": (("owedStandards",), ""),
    "interfaces waiver ask": (("askWaiver",), ""),
    "interfaces waiver approve": (("approveWaiver",), ""),
    "interfaces waiver withdraw": (("withdrawWaiver",), ""),
    "interfaces waiver list": (("waivers",), ""),
    "interfaces waiver proposed": (("proposedWaivers",), ""),
    "interfaces waiver baseline": (("setBaseline",), ""),
    "connector new": (
        ("proposeConnector",),
        "From a registered document, or from text. No address is read, so no fixture either.",
    ),
    "connector preset": (("connectorPresets",), ""),
    "connector import airbyte": (("translateManifest",), ""),
    "connector try": (
        ("tryConnector", "connectorTrials", "trialRecords"),
        (
            "A worker reads the page, of a registered source or of a file; always at the address "
            "of a registered interface. Records need a purpose and are kept for a quarter of an "
            "hour."
        ),
    ),
    "connector run": (
        (),
        (
            "It writes into a file or a database of whoever runs it; a server writes into neither. "
            "`rehearseSync` tells what a sync would change."
        ),
    ),
    "connector check": (
        (),
        "It plays a misbehaving source on the machine of whoever writes the connector.",
    ),
    "sync add": (("registerSource",), ""),
    "sync run": (("startSync", "rehearseSync"), "A worker does it; `rehearseSync` is a dry run."),
    "sync status": (("syncRuns", "syncProgress"), "`syncProgress` follows it page by page."),
    "sync held": (("withdrawals",), ""),
    "sync confirm": (("confirmWithdrawal",), ""),
    "sync refuse": (("refuseWithdrawal",), ""),
    "sync recover": ((), "Each worker does it when it starts."),
    "sync schedule": (("setSchedule", "pauseSchedule"), ""),
    "sync start": (("startSync",), ""),
    "sync freshness": (("sources", "dataSetFreshness"), "`sources { schedule { freshness } }`."),
    "sync target": (("setFreshnessTarget",), ""),
    "sync backfill": (("backfillSource",), ""),
    "sync cancel": (("cancelSync",), ""),
    "quarantine list": (("quarantine",), ""),
    "quarantine replay": (("replayQuarantine",), "A worker does it."),
}
ABOUT: Final = """
An auditor and an integration engineer need no shell: what their commands do, GraphQL does too. The
commands without a field belong on the machine of whoever types them. What speaks to other machines
is done by a worker (`townclerk worker`), never by the process that answers GraphQL: such a change
answers the id of a request, and [`node(id:)`](graphql-schema.md) tells how it stands.
"""


def page(commands: Sequence[str]) -> str:
    """Return the page.

    Args:
        commands: Every command with its full name.

    Raises:
        SystemExit: A command or a field is missing, here or there.
    """
    wanted = [name for name in commands if name.split()[1] in GROUPS]
    paths = [name.partition(" ")[2] for name in wanted]
    missing = [path for path in paths if path not in TWINS]
    unknown = [f"{path} (no such command)" for path in TWINS if path not in paths]
    roots = _root_fields()
    unknown += [field for fields, _ in TWINS.values() for field in fields if field not in roots]
    if missing or unknown:
        raise SystemExit(f"tools/twins.py lacks {missing} and names what is not there: {unknown}")
    rows = [_row(path, *TWINS[path]) for path in paths]
    head = "| Command | GraphQL | |\n|---|---|---|\n"
    return "# The same by GraphQL\n\n{generated}" + ABOUT + "\n" + head + "\n".join(rows) + "\n"


def _row(path: str, fields: tuple[str, ...], remark: str) -> str:
    anchor = f"commands.md#townclerk-{path.replace(' ', '-')}"
    told = ", ".join(f"`{field}`" for field in fields) or "—"
    return f"| [`{path}`]({anchor}) | {told} | {remark} |"


def _root_fields() -> set[str]:
    schema = build_schema(SCHEMA.read_text())
    roots = (schema.query_type, schema.mutation_type, schema.subscription_type)
    return {name for root in roots if isinstance(root, GraphQLObjectType) for name in root.fields}
