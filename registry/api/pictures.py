"""Stored views as pictures by GraphQL; who draws them is said when the program is put together.

This room may not reach into the room of pages, which draws. The door is `draw_views_with`.
"""

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

import psycopg
import strawberry

from registry.api.questions import AsOf, Info, InScenario, graph_asked
from registry.api.reading.places import id_of
from registry.landscape.questions.graph import LandscapeGraph
from registry.landscape.questions.plotted import PlotBy
from schemas.access import Scope
from schemas.errors import TownclerkError

_read_view = id_of("stored_view", "view")


@strawberry.type(description="A stored view with the own systems drawn on it.")
class ViewPicture:
    """A stored view with the own systems drawn on it."""

    name: str = strawberry.field(description="Name of the view.")
    svg: str = strawberry.field(description="The picture: SVG with a title, roles and a legend.")


# Gives the view's name and its SVG.
DrawView = Callable[[psycopg.Connection, UUID, PlotBy, LandscapeGraph], tuple[str, str]]


class NothingDraws(TownclerkError):
    """A picture is asked of a program that was put together without the room of pages."""

    code = "nothing_draws"
    remedy = "Ask the whole hub (`townclerk up`), or draw it by `townclerk landscape draw`."


def _nobody(*_: Any) -> tuple[str, str]:
    raise NothingDraws("Nothing draws pictures here.")


_draw: list[DrawView] = [_nobody]


def draw_views_with(draw: DrawView) -> None:
    """Say who draws views from now on."""
    _draw[0] = draw


@strawberry.type(description="Views as pictures.")
class PictureQuestions:
    """Views as pictures."""

    @strawberry.field(description="One stored view with our systems on it, drawn as SVG.")
    async def view_picture(
        self,
        info: Info,
        view: Annotated[strawberry.ID, strawberry.argument(description="Global id of the view.")],
        by: Annotated[
            PlotBy, strawberry.argument(description="What the colours say.")
        ] = PlotBy.LIFECYCLE,
        as_of: AsOf = None,
        scenario: InScenario = None,
    ) -> ViewPicture:
        """Draw a stored view."""

        def drawn(db: psycopg.Connection) -> ViewPicture:
            graph = graph_asked(db, as_of, scenario)
            name, svg = _draw[0](db, _read_view(view), by, graph)
            return ViewPicture(name=name, svg=svg)

        return await info.context.read(Scope.LANDSCAPE_READ, drawn)
