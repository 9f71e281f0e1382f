"""The port for pictures: this room may not reach into the room of pages, which draws."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import psycopg

from registry.landscape.questions.graph import LandscapeGraph
from registry.landscape.questions.plotted import PlotBy
from schemas.errors import TownclerkError

# Gives the view's name and its SVG.
DrawView = Callable[[psycopg.Connection, UUID, PlotBy, LandscapeGraph], tuple[str, str]]


class NothingDraws(TownclerkError):
    """A picture is asked of a program that was put together without the room of pages."""

    code = "nothing_draws"
    remedy = "Ask the whole hub (`townclerk up`), or draw it by `townclerk landscape draw`."


def nothing_draws(*_: Any) -> tuple[str, str]:
    """Stand in where nobody draws.

    Raises:
        NothingDraws: Always.
    """
    raise NothingDraws("Nothing draws pictures here.")
