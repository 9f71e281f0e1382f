"""`townclerk landscape check, diff, portfolio`: model files in, answers and models out."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from registry.landscape.exchange.formats import Format, Loaded, save
from registry.landscape.metamodel import Strictness
from registry.landscape.questions.changes import Fate, changes, fate_counts
from registry.landscape.questions.completeness import completeness
from registry.landscape.questions.duplicates import Likeness, duplicates
from registry.landscape.questions.model_graph import graph_of_model
from registry.landscape.questions.portfolio import portfolio as beside_reference
from registry.landscape.questions.portfolio_model import portfolio_model
from schemas.errors import InvalidInput
from townclerk.cli.models import (
    File,
    ProfileName,
    Reference,
    RowColumns,
    RowKind,
    asked_portfolio,
    print_answer,
    read_model,
    show,
    show_counts,
    table_reading,
    write_bytes,
)
from townclerk.cli.output import AsJson, many, say, say_next

EXIT_FINDINGS = 1  # done, with findings


StoredModel = Annotated[
    str | None, typer.Option("--model", help="A model of the register by its short name.")
]
Language = Annotated[str, typer.Option(help="Language of words that carry none.")]


def check(
    files: Annotated[list[Path], typer.Argument(help="Model files or coArchi folders.")],
    *,
    mode: Annotated[
        Strictness,
        typer.Option(
            help="What forbidden relationships meet: strict refuses the model, warn lists them "
            "with what is allowed, off does not look."
        ),
    ] = Strictness.WARN,
    strict: Annotated[bool, typer.Option("--strict", help="Short for --mode strict.")] = False,
    kind: RowKind = None,
    columns: RowColumns = None,
    as_json: AsJson = False,
) -> None:
    """Check models: relationships ArchiMate forbids, what stands twice, what is incomplete.

    References that lead nowhere, ids used twice and broken files are refused with line and object.
    """
    strictness = Strictness.STRICT if strict else mode
    reading = table_reading(kind, columns)
    reports = [
        _report(file, read_model(file, strictness=strictness, reading=reading)) for file in files
    ]
    if as_json:
        print_answer(reports)
    else:
        for report in reports:
            _show_report(report)
        say_next("`townclerk landscape duplicates FILE`, `townclerk landscape completeness FILE`")
    if any(report["findings"] for report in reports):
        raise typer.Exit(EXIT_FINDINGS)


def _report(file: Path, loaded: Loaded) -> dict[str, Any]:
    graph = graph_of_model(loaded.model)
    scores = completeness(beside_reference(graph))
    twice = [d for d in duplicates(graph) if d.likeness is not Likeness.ONE_LETTER]
    return {
        "file": str(file),
        "format": loaded.format,
        "counts": loaded.model.counts(),
        "findings": loaded.findings,
        "duplicates": len(twice),
        "completeness": round(sum(s.score for s in scores) / len(scores), 1) if scores else None,
    }


def _show_report(report: dict[str, Any]) -> None:
    title = f"{report['file']} ({report['format']})"
    rows = [(one.line or "", one.rule, one.what) for one in report["findings"]]
    if rows:
        show(title, ("line", "rule", "what"), rows)
    say(
        f"{title}: {many(len(rows), 'finding')},"
        f" {many(report['duplicates'], 'name')} standing twice."
    )
    show_counts(report["counts"])


def diff(
    old: Annotated[Path | None, typer.Argument(help="The model before.")] = None,
    new: Annotated[Path | None, typer.Argument(help="The model after.")] = None,
    *,
    since: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], help="The register as of this day."),
    ] = None,
    until: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Until then; else now.")
    ] = None,
    known_at: Annotated[
        datetime | None,
        typer.Option(
            "--known-at", formats=["%Y-%m-%d"], help="As the register knew it on this day."
        ),
    ] = None,
    stored: StoredModel = None,
    fate: Annotated[Fate | None, typer.Option(help="Only what met this fate.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what became of everything between two versions of a model.

    A thing is known by its id, else by its Object ID, else by its kind and name. Without files,
    --from and --to compare the register with itself.
    """
    if old is None or new is None:
        from townclerk.cli.landscape_deciding import show_register_difference

        show_register_difference(since, until, stored, known_at=known_at, as_json=as_json)
        return
    found = changes(read_model(old).model, read_model(new).model)
    counts = fate_counts(found)
    rows = [one for one in found if fate is None or one.fate is fate]
    if as_json:
        print_answer({"counts": counts, "changes": rows})
        return
    told = [one for one in rows if fate is not None or one.fate is not Fate.KEPT]
    shown = [(c.sort, c.fate, c.by, c.kind, c.name or c.key, ", ".join(c.fields)) for c in told]
    show(f"{old.name} to {new.name}", ("sort", "fate", "by", "kind", "name", "differs in"), shown)
    for sort, numbers in counts.items():
        say(f"{sort}s: {', '.join(f'{number:,} {word}' for word, number in numbers.items())}.")
    say_next("--fate removed lists what is gone; --json gives ids before and after")


def portfolio(
    file: File = None,
    *,
    reference: Reference = None,
    profile: ProfileName = None,
    out: Annotated[Path, typer.Option("--out", help="Where to.")] = Path("portfolio.xml"),
    title: Annotated[str, typer.Option(help="Name of the model.")] = "Portfolio",
    views: Annotated[
        bool, typer.Option("--views", help="Take along the reference's views of its components.")
    ] = False,
    language: Language = "en",
    as_json: AsJson = False,
) -> None:
    """Write the own systems as a model that Archi opens, specialising reference components."""
    source = read_model(reference or _named(file)).model if views else None
    with asked_portfolio(file, reference, profile) as found:
        model = portfolio_model(found, title=title, views_of=source)
    data = save(model, Format.EXCHANGE, language=language)
    write_bytes(out, data)
    counts = {**model.counts(), "bytes": len(data)}
    if as_json:
        print_answer({"file": str(out), "counts": counts, "at": datetime.now(UTC)})
        return
    say(
        f"{out} is written: {many(len(found.systems), 'system')},"
        f" {many(len(found.filled_by), 'component')}."
    )
    show_counts(counts)
    say_next("open it in Archi by File > Import > Open Exchange XML Model")


def _named(file: Path | None) -> Path:
    if file is None:
        raise InvalidInput("Views come from a file.", remedy="Add --reference FILE.")
    return file


def add_to(app: typer.Typer) -> None:
    """Add the commands on files to the landscape's commands."""
    for command in (check, diff, portfolio):
        app.command(name=command.__name__)(command)
