"""Stored views as pictures by GraphQL; who draws them is said when the program is put together.

This room may not reach into the room of pages, which draws; the context brings who does.
"""

from typing import Annotated

import psycopg
import strawberry

from registry.api.questions import AsOf, Info, InScenario, graph_asked
from registry.api.reading.places import id_of
from registry.landscape.questions.plotted import PlotBy
from schemas.access import Scope

_read_view = id_of("stored_view", "view")


@strawberry.type(description="A stored view with the own systems drawn on it.")
class ViewPicture:
    """A stored view with the own systems drawn on it."""

    name: str = strawberry.field(description="Name of the view.")
    svg: str = strawberry.field(description="The picture: SVG with a title, roles and a legend.")


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
            name, svg = info.context.draw_view(db, _read_view(view), by, graph)
            return ViewPicture(name=name, svg=svg)

        return await info.context.read(Scope.LANDSCAPE_READ, drawn)
