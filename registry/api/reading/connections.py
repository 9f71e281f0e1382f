"""Pages in SQL: entries, cursors, whether more follows, counts; only what was asked for."""

from typing import TYPE_CHECKING, Final

from graphql import FieldNode

from registry.api.reading.groups import grouped
from registry.api.reading.lists import Listed
from registry.api.reading.writing import Given

if TYPE_CHECKING:
    from registry.api.reading.compiler import Compiler

Nodes = list[FieldNode]
Wholes = dict[str, str]  # what a page's rows add up to, by name
_NEED_PAGE: Final = {"nodes", "edges", "pageInfo"}


class Connections:
    """Compiles connections.

    Args:
        compiler: Compiles what is inside.
    """

    def __init__(self, compiler: "Compiler") -> None:
        self._compiler = compiler

    def page(self, listed: Listed, nodes: Nodes) -> str:
        """Return SQL of one page as a JSON object."""
        kind = f"{listed.readable.name}Connection"
        asked = self._compiler.selected(kind, nodes)
        page = self._compiler.writer.alias("p")
        wholes: Wholes = {}
        fields = []
        for key, inner in asked.items():
            name = inner[0].name.value
            if name == "__typename":
                sql = f"'{kind}'::text"
            elif name in _NEED_PAGE:
                sql = self._part(name, listed, inner, wholes, page)
            elif name == "totalCount":
                sql = f"(SELECT count(*) FROM {listed.source} WHERE {listed.where})"
            else:
                sql = self._groups(listed, inner, self._compiler.given(kind, inner[0]))
            fields.append(f'{sql} AS "{key}"')
        rows = f" FROM ({self._sums(listed, wholes)}) AS {page}" if wholes else ""
        return f"(SELECT row_to_json(o) FROM (SELECT {', '.join(fields)}{rows}) AS o)"

    def _part(self, name: str, listed: Listed, inner: Nodes, wholes: Wholes, page: str) -> str:
        if name == "pageInfo":
            return self._info(listed, inner, wholes, page)
        if name == "edges":
            each = self._edge(listed, inner)
        else:
            each = self._compiler.object(listed.readable, listed.row, inner)
        name = f"w{len(wholes)}"
        wholes[name] = f"json_agg({each})"
        return f"{page}.{name}"

    def _edge(self, listed: Listed, nodes: Nodes) -> str:
        kind = f"{listed.readable.name}Edge"
        fields = []
        for key, inner in self._compiler.selected(kind, nodes).items():
            name = inner[0].name.value
            if name == "__typename":
                sql = f"'{kind}'::text"
            elif name == "cursor":
                sql = listed.cursor()
            else:
                sql = self._compiler.object(listed.readable, listed.row, inner)
            fields.append(f'{sql} AS "{key}"')
        return f"(SELECT row_to_json(o) FROM (SELECT {', '.join(fields)}) AS o)"

    def _info(self, listed: Listed, nodes: Nodes, wholes: Wholes, page: str) -> str:
        """Return SQL of `pageInfo`: one row beyond the page tells whether more follows."""
        more = f"{page}.more"
        wholes["more"] = f"count(*) > {listed.size}"
        ways = {
            "__typename": "'PageInfo'::text",
            "hasNextPage": str(listed.before).upper() if listed.backwards else more,
            "hasPreviousPage": more if listed.backwards else str(listed.after).upper(),
            "startCursor": f"{page}.cursors[1]",
            "endCursor": f"{page}.cursors[cardinality({page}.cursors)]",
        }
        asked = self._compiler.selected("PageInfo", nodes)
        names = [inner[0].name.value for inner in asked.values()]
        if {"startCursor", "endCursor"} & set(names):
            wholes["cursors"] = f"array_agg({listed.cursor()})"
        fields = ", ".join(
            f'{ways[name]} AS "{key}"' for key, name in zip(asked, names, strict=True)
        )
        return f"(SELECT row_to_json(o) FROM (SELECT {fields}) AS o)"

    def _sums(self, listed: Listed, wholes: Wholes) -> str:
        """Return SQL that adds the page's rows up, in their order."""
        row, needs_more = listed.row, "more" in wholes
        inner = listed.page(f"{row}.*", more=int(needs_more))
        if not needs_more and not listed.backwards:
            return f"SELECT {_added(wholes, '')} FROM ({inner}) AS {row}"
        numbered = f"SELECT {row}.*, row_number() OVER () AS _place FROM ({inner}) AS {row}"
        order = f"{row}._place{' DESC' if listed.backwards else ''}"
        shown = (
            f"SELECT {row}.*, {row}._place <= {listed.size} AS _shown FROM ({numbered}) AS {row}"
        )
        sums = _added(wholes, f" FILTER (WHERE {row}._shown)")
        return f"SELECT {sums} FROM ({shown} ORDER BY {order}) AS {row}"

    def _groups(self, listed: Listed, nodes: Nodes, given: Given) -> str:
        """Return SQL of counts per value."""
        asked = self._compiler.selected("Group", nodes)
        counted = self._compiler.writer.alias("g")
        ways = {
            "__typename": "'Group'::text",
            "keys": f"{counted}.keys",
            "count": f"{counted}.count",
        }
        fields = ", ".join(
            f'{ways[inner[0].name.value]} AS "{key}"' for key, inner in asked.items()
        )
        counts = grouped(self._compiler.writer, listed, given)
        each = f"(SELECT row_to_json(o) FROM (SELECT {fields}) AS o)"
        return f"(SELECT coalesce(json_agg({each}), '[]') FROM ({counts}) AS {counted})"


def _added(wholes: Wholes, shown: str) -> str:
    """Return SQL of what is added up; `shown` leaves the row beyond the page out."""
    ways = {"more": "{sum}", "cursors": "{sum}{shown}"}
    usual = "coalesce({sum}{shown}, '[]')"
    return ", ".join(
        f"{ways.get(name, usual).format(sum=whole, shown=shown)} AS {name}"
        for name, whole in wholes.items()
    )
