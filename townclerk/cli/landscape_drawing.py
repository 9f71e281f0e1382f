"""`townclerk landscape draw`: the hub's landscape, or views of a model file, as SVG pictures."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

import typer

from registry.landscape.exchange.model import Model, View
from registry.landscape.questions.graph import LandscapeGraph
from registry.landscape.questions.model_graph import graph_of_model
from registry.landscape.questions.plotted import PlotBy
from registry.landscape.questions.portfolio import portfolio
from registry.web.draw.plotting import Compliance, draw_plotted
from registry.web.draw.views import draw_view
from schemas.errors import InvalidInput, UnknownName
from townclerk.cli.files import UnwritableFile, write_text
from townclerk.cli.models import (
    ProfileName,
    print_answer,
    read_model,
    read_profile,
)
from townclerk.cli.opening import opened_town, unit_of_work
from townclerk.cli.output import AsJson, many, say, say_next

NAME_CHARACTERS_MAX = 80  # of a picture's file name
NAMES_SHOWN_MAX = 10
HUB = "hub"  # instead of a portfolio's file: what the hub has registered
PICTURE, FOLDER = "landscape.svg", "pictures"  # where to, if nobody says


def draw(
    model: Annotated[
        Path | None,
        typer.Argument(help="A model file with views; without it the hub's landscape is drawn."),
    ] = None,
    *,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Where to: an SVG file, or a folder for --all."),
    ] = None,
    view: Annotated[str, typer.Option(help="Name or id of the view, or part of its name.")] = "",
    all_: Annotated[bool, typer.Option("--all", help="Draw every view.")] = False,
    systems: Annotated[
        Path | None, typer.Option(help="A portfolio to plot on the views; `hub` plots the hub's.")
    ] = None,
    by: Annotated[PlotBy, typer.Option(help="What the colours of systems say.")] = PlotBy.LIFECYCLE,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Draw the landscape, or views of a model, as pictures for reports and web pages.

    `--systems FILE` plots a portfolio on the views of a reference architecture: each system in
    the components it fills in, coloured by lifecycle, owner or compliance.
    """
    target = out or Path(FOLDER if all_ else PICTURE)
    if model is None:
        pictures = {target: _whole_landscape()}
    else:
        source = read_model(model).model
        chosen = [*source.views.values()] if all_ else [_chosen(source, view)]
        drawn = _drawn(source, chosen, systems, by, profile)
        pictures = {(target / name if all_ else target): svg for name, svg in drawn}
        _make_room(target if all_ else target.parent)
    for file, picture in pictures.items():
        write_text(file, picture)
    if as_json:
        print_answer([{"file": str(f), "bytes": len(svg.encode())} for f, svg in pictures.items()])
        return
    say(
        f"{many(len(pictures), 'picture is', 'pictures are')} in {target}."
        if all_
        else f"The picture is in {target}."
    )
    say_next("open it in a browser, or put it into a report")


def _make_room(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UnwritableFile(f"{folder} cannot be made: {error.strerror}.") from error


def _whole_landscape() -> str:
    from registry.web.pages import standalone_svg

    with opened_town(), unit_of_work() as db:
        return standalone_svg(db)


def _drawn(
    source: Model, views: list[View], systems: Path | None, by: PlotBy, profile: str | None
) -> Iterator[tuple[str, str]]:
    """Yield file names and pictures."""
    from registry.web.assets import view_stylesheet

    style = f"<style>{view_stylesheet()}</style>"
    if systems is None:
        for number, view in enumerate(views, 1):
            yield _file_name(view, number), _styled(draw_view(source, view), style)
        return
    with _own(systems, by) as (own, known):
        found = portfolio(own, graph_of_model(source), read_profile(profile))
        for number, view in enumerate(views, 1):
            svg = draw_plotted(source, view, found, by=by, compliance=known)
            yield _file_name(view, number), _styled(svg, style)


@contextmanager
def _own(systems: Path, by: PlotBy) -> Iterator[tuple[LandscapeGraph, Mapping[str, Compliance]]]:
    """Give the systems to plot, and what the hub's checks say of them."""
    if str(systems) != HUB:
        yield graph_of_model(read_model(systems).model), {}
        return
    from registry.landscape.questions.stored import kept_graph
    from registry.web.compliance import compliance_of_systems

    with opened_town(), unit_of_work() as db:
        graph = kept_graph(db)
        yield graph, compliance_of_systems(db, graph) if by is PlotBy.COMPLIANCE else {}


def _styled(svg: str, style: str) -> str:
    return svg.replace("<defs>", f"{style}<defs>", 1)


def _file_name(view: View, number: int) -> str:
    words = re.sub(r"[^\w-]+", "-", view.name).strip("-")[:NAME_CHARACTERS_MAX]
    return f"{number:03d}-{words or 'view'}.svg"


def _chosen(model: Model, said: str) -> View:
    """Return the view somebody means.

    Raises:
        UnknownName: There is none, or the words fit several.
    """
    if not said:
        names = "; ".join(view.name for view in [*model.views.values()][:NAMES_SHOWN_MAX])
        raise InvalidInput(
            f"The model has {len(model.views)} views: {names}.",
            remedy="Add --view NAME, or --all.",
        )
    if said in model.views:
        return model.views[said]
    fitting = [v for v in model.views.values() if said.casefold() in v.name.casefold()]
    exact = [view for view in fitting if view.name.casefold() == said.casefold()]
    if len(exact or fitting) == 1:
        return (exact or fitting)[0]
    every = [view.name for view in model.views.values()]
    near = [view.name for view in fitting] or get_close_matches(said, every, NAMES_SHOWN_MAX, 0.4)
    names = "; ".join(near[:NAMES_SHOWN_MAX])
    raise UnknownName(
        f"{len(fitting)} views are called something like {said!r}{': ' if names else ''}{names}.",
        remedy="Give a view's whole name or its id.",
    )


def add_to(app: typer.Typer) -> None:
    """Add drawing to the landscape's commands."""
    app.command(name="draw")(draw)
