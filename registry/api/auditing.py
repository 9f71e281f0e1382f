"""The rest of an auditor's desk: scores, rules that earn their place, rule sets, standards, proof.

What an auditor can do with `townclerk interfaces` she can do here; docs/reference/same-by-graphql
has the two side by side.
"""

import io
import zipfile
from base64 import b64decode
from datetime import date
from typing import Annotated, Any, Final

import psycopg
import strawberry

from registry.access.tokens import Actor
from registry.api.changes import Change, change
from registry.api.context import Context
from registry.api.described import described, told
from registry.api.enums import publish
from registry.api.pages import plain_text
from registry.api.reports import small_enough
from registry.compliance import checks, commands, queries, trends, verifier, waivers
from registry.compliance.checking import check_document
from registry.compliance.document import Document
from registry.compliance.rulesets import load
from registry.compliance.rulesets.kept import from_texts
from schemas.access import Scope
from schemas.errors import InvalidInput
from schemas.evidence import StandardStatus

RULE_SETS_MAX: Final = 10  # of one check; a national profile with its parts has four
FILES_MAX: Final = 200  # of one rule set, as rule sets in folders
DOCUMENT_CHARACTERS_MAX: Final = 1_000_000  # of a request; larger ones by the command line
FINDINGS_MAX: Final = 5_000  # of one answer, in the document's order; reports have all
UNPACKED_BYTES_MAX: Final = 64 * 2**20  # of an evidence file; the verifier by itself takes any
_BUNDLED: Final = ("spectral:oas", "townclerk:municipal", "townclerk:asyncapi")

publish(
    trends.Grouping,
    "By what scores are put together.",
    {
        trends.Grouping.INTERFACE: "Each interface by itself.",
        trends.Grouping.SYSTEM: "The systems that offer them.",
        trends.Grouping.SUPPLIER: "The suppliers of those systems.",
        trends.Grouping.STANDARD: "The standards that they were checked against.",
    },
)
publish(
    StandardStatus,
    "How binding a standard is.",
    {
        StandardStatus.MANDATORY: "It must be kept.",
        StandardStatus.COMPLY_OR_EXPLAIN: "It must be kept, or somebody says why not.",
        StandardStatus.RECOMMENDED: "It should be kept.",
    },
)
Info = strawberry.Info[Context, None]
Score: Any = described(trends.ScoreRow, "InterfaceScore")
RuleUse: Any = described(trends.RuleUse, "RuleUse")
ProposedWaiver: Any = described(waivers.Proposal, "ProposedWaiver")


@strawberry.type(description="What a verifier says of an evidence file.")
class EvidenceVerdict:
    """What a verifier says of an evidence file."""

    verified: bool = strawberry.field(description="Records, documents and findings are whole.")
    wrong: list[str] = strawberry.field(description="What is not; empty where all is.")


@strawberry.type(description="Something that is wrong with a document.")
class DocumentFinding:
    """Something that is wrong with a document."""

    code: str = strawberry.field(description="Rule, e.g. municipal-version.")
    severity: str = strawberry.field(description="One of error, warn, info and hint.")
    path: list[str] = strawberry.field(description="Place in the document; empty for the whole.")
    message: str = strawberry.field(description="What is wrong.")
    line: int = strawberry.field(description="Line of the document, from 1.")
    character: int = strawberry.field(description="Character of that line, from 1.")


@strawberry.input(description="One file of a rule set.")
class RuleSetFile:
    """One file of a rule set."""

    name: str = strawberry.field(description="Relative name, as other files extend it.")
    text: str = strawberry.field(description="Its text: YAML or JSON in Spectral's format.")


@strawberry.type(description="A rule set was kept.")
class RuleSetKept(Change):
    """A rule set was kept."""

    sha256: str = strawberry.field(description="Hash over all its files; a standard names it.")
    rules: int = strawberry.field(description="Rules that are switched on.")
    left_out: list[str] = strawberry.field(description="Rules whose functions we do not have.")


@strawberry.type(description="A version of a standard was registered, or changed.")
class StandardSet(Change):
    """A version of a standard was registered, or changed."""

    key: str = strawberry.field(description="Its short name.")
    version: str = strawberry.field(description="Its version.")


def _check_text(
    db: psycopg.Connection, document: str, source: str, rule_sets: list[str]
) -> list[DocumentFinding]:
    if len(document) > DOCUMENT_CHARACTERS_MAX:
        raise InvalidInput(
            f"The document has more than {DOCUMENT_CHARACTERS_MAX:,} characters.",
            remedy="Check it with `townclerk interfaces check FILE`.",
            path=["document"],
        )
    if len(rule_sets) > RULE_SETS_MAX:
        raise InvalidInput(f"Name {RULE_SETS_MAX} rule sets at most.", path=["ruleSets"])
    kept = {row.sha256: row for row in queries.list_rule_sets(db)}
    loaded = []
    for name in rule_sets:
        if name in _BUNDLED:
            loaded.append(load(name))
        elif name in kept:
            loaded.append(kept[name].loaded())
        else:
            raise InvalidInput(
                f"No rule set {name[:80]!r} is kept.",
                remedy=f"Name the hash of a kept one (`ruleSets`), or {', '.join(_BUNDLED)}.",
                path=["ruleSets"],
            )
    one = check_document(document.encode("utf-8", "replace"), source, loaded)
    return [
        DocumentFinding(
            code=finding.code,
            severity=finding.severity.word,
            path=list(finding.path),
            message=finding.message,
            line=finding.range.start.line + 1,
            character=finding.range.start.character + 1,
        )
        for finding in (judged.finding for judged in one.judged[:FINDINGS_MAX])
    ]


def _proposed(db: psycopg.Connection, urn: str) -> Any:
    task = checks.prepare(db, urn, date.today())  # noqa: DTZ011  # a civil day
    small_enough(task.document)
    document = Document(task.document.content, task.document.source)
    return told(waivers.proposals(document.data, task.rule_sets, task.document.source))


def _verdict(content: str, head: str | None) -> EvidenceVerdict:
    try:
        packed = io.BytesIO(b64decode(content, validate=True))
        with zipfile.ZipFile(packed) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > UNPACKED_BYTES_MAX:
                raise InvalidInput(
                    f"Unpacked, the file has more than {UNPACKED_BYTES_MAX:,} bytes.",
                    remedy="Use `townclerk interfaces evidence verify FILE`.",
                    path=["base64"],
                )
        wrong = verifier.verify(packed, head)
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise InvalidInput(
            "This cannot be read as an evidence file.",
            remedy="Send the bytes of a file that `evidenceArchive` gave, in base64.",
            path=["base64"],
        ) from error
    return EvidenceVerdict(verified=not wrong, wrong=wrong)


@strawberry.type(description="The rest of an auditor's desk.")
class AuditQuestions:
    """The rest of an auditor's desk."""

    @strawberry.field(
        description="Scores by day, oldest first: of interfaces, systems, suppliers or standards.",
        graphql_type=list[Score],
    )
    async def interface_scores(
        self,
        info: Info,
        by: Annotated[
            trends.Grouping, strawberry.argument(description="What to put together.")
        ] = trends.Grouping.INTERFACE,
        since: Annotated[
            str | None, strawberry.argument(description="First day, e.g. 2026-01-31.")
        ] = None,
    ) -> Any:
        """Tell scores."""
        day = None if since is None else _day(since, "since")
        return await info.context.read(
            Scope.COMPLIANCE_READ, lambda db: told(trends.scores(db, by, since=day))
        )

    @strawberry.field(
        description="Which rules of the kept rule sets fire, which never did, and which cannot.",
        graphql_type=list[RuleUse],
    )
    async def rule_effectiveness(self, info: Info) -> Any:
        """Tell which rules earn their place."""

        def ask(db: psycopg.Connection) -> Any:
            kept = [row.loaded() for row in queries.list_rule_sets(db)]
            return told(trends.effectiveness(db, kept))

        return await info.context.read(Scope.COMPLIANCE_READ, ask)

    @strawberry.field(
        description="What a document and its rule sets ask to be spared; nothing is in force.",
        graphql_type=list[ProposedWaiver],
    )
    async def proposed_waivers(
        self,
        info: Info,
        interface: Annotated[str, strawberry.argument(description="URN of an interface.")],
    ) -> Any:
        """Tell what a document asks to be spared."""
        urn = plain_text(interface, "interface")
        return await info.context.read(Scope.COMPLIANCE_READ, _proposed, urn)

    @strawberry.field(
        description="What is wrong with a document that is not registered; nothing is kept."
    )
    async def document_findings(
        self,
        info: Info,
        document: Annotated[
            str, strawberry.argument(description="OpenAPI, AsyncAPI, GraphQL or WSDL.")
        ],
        source: Annotated[
            str, strawberry.argument(description="Its name; the end tells JSON, GraphQL and WSDL.")
        ] = "document.yaml",
        rule_sets: Annotated[
            list[str] | None,
            strawberry.argument(
                description="Hashes of kept rule sets, or names of bundled ones; "
                "by default spectral:oas and townclerk:municipal."
            ),
        ] = None,
    ) -> list[DocumentFinding]:
        """Check a document."""
        name = plain_text(source, "source")
        wanted = list(_BUNDLED[:2]) if rule_sets is None else rule_sets
        found: list[DocumentFinding] = await info.context.read(
            Scope.COMPLIANCE_READ, lambda db: _check_text(db, document, name, wanted)
        )
        return found

    @strawberry.field(description="Verify an evidence file, as its own verifier does.")
    async def evidence_verdict(
        self,
        info: Info,
        base64: Annotated[str, strawberry.argument(description="The bytes of the zip file.")],
        head: Annotated[
            str | None,
            strawberry.argument(description="Hash of the last record, from elsewhere."),
        ] = None,
    ) -> EvidenceVerdict:
        """Verify evidence."""
        found: EvidenceVerdict = await info.context.read(
            Scope.COMPLIANCE_READ, lambda _: _verdict(base64, head)
        )
        return found


def _day(text: str, name: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f"`{name}` must be a day such as 2026-01-31.", path=[name]) from None


def _keep_rule_set(  # noqa: PLR0917  # arguments of a mutation, all by name
    db: psycopg.Connection,
    name: Annotated[str, strawberry.argument(description="What people call it.")],
    actor: Actor,
    bundled: Annotated[
        str | None, strawberry.argument(description="One that we bring, e.g. spectral:oas.")
    ] = None,
    files: Annotated[
        list[RuleSetFile] | None,
        strawberry.argument(description="Or all its files, that to begin with first."),
    ] = None,
    leave_out_unknown: Annotated[
        bool,
        strawberry.argument(description="Leave out rules that need functions we do not have."),
    ] = False,
) -> RuleSetKept:
    if (bundled is None) == (not files):
        raise InvalidInput("Give either `bundled` or `files`.", path=["bundled"])
    if bundled is not None and bundled not in _BUNDLED:
        raise InvalidInput(f"We bring {', '.join(_BUNDLED)}.", path=["bundled"])
    if len(files or ()) > FILES_MAX:
        raise InvalidInput(f"A rule set has {FILES_MAX} files at most.", path=["files"])
    if bundled is not None:
        entry, found = bundled, load(bundled)
    else:
        texts = {plain_text(file.name, "files"): file.text for file in files or ()}
        entry = next(iter(texts))
        found = from_texts(entry, texts, leave_out_unknown=leave_out_unknown)
    commands.keep_rule_set(db, found, name=plain_text(name, "name"), entry=entry, actor=actor.name)
    enabled = sum(rule.enabled for rule in found.rules.values())
    return RuleSetKept(sha256=found.digest, rules=enabled, left_out=list(found.left_out))


def _set_standard(  # noqa: PLR0917  # arguments of a mutation, all by name
    db: psycopg.Connection,
    key: Annotated[str, strawberry.argument(description="Short name, e.g. adr.")],
    version: Annotated[str, strawberry.argument(description="Version of the standard.")],
    rule_set: Annotated[
        str, strawberry.argument(description="Hash of the kept rule set that tests it.")
    ],
    title: Annotated[str, strawberry.argument(description="Full name; else the key.")] = "",
    status: Annotated[
        StandardStatus, strawberry.argument(description="How binding it is.")
    ] = StandardStatus.MANDATORY,
    valid_from: Annotated[
        str | None, strawberry.argument(description="First day, e.g. 2026-01-31; else today.")
    ] = None,
    valid_to: Annotated[
        str | None, strawberry.argument(description="First day on which it has ended.")
    ] = None,
    applies_to: Annotated[
        list[str] | None,
        strawberry.argument(
            description="URNs of interfaces, systems or reference components; none means all."
        ),
    ] = None,
) -> StandardSet:
    commands.set_standard(
        db,
        key=plain_text(key, "key"),
        version=plain_text(version, "version"),
        title=title or key,
        status=status,
        valid_from=_day(valid_from, "validFrom") if valid_from else date.today(),  # noqa: DTZ011  # a civil day
        valid_to=_day(valid_to, "validTo") if valid_to else None,
        rule_set_sha256=rule_set,
        applies_to=applies_to or (),
    )
    return StandardSet(key=key, version=version)


@strawberry.type
class AuditMutation:
    """What interfaces are checked against."""

    keep_rule_set = change(
        _keep_rule_set,
        Scope.COMPLIANCE_WRITE,
        "Keep a rule set with all its files; nothing is fetched, and no JavaScript runs.",
    )
    set_standard = change(
        _set_standard,
        Scope.COMPLIANCE_APPROVE,
        "Register a version of a standard, or change what is known of it.",
    )
