"""Choose one of the ways that a manifest's selective sign-in offers, as its configuration would."""

from collections.abc import Mapping
from typing import Any

from connectors.sdk.strict import nearest
from schemas.errors import UnknownName

SELECTIVE = "SelectiveAuthenticator"


class UnknownWay(UnknownName):
    """A manifest offers no way to sign in of that name."""

    code = "unknown_way"
    remedy = "Leave `--auth` out to see which ways the manifest has; the first one is written then."


def with_way(streams: list[dict[str, Any]], wanted: str | None) -> list[dict[str, Any]]:
    """Return the streams of a manifest, written out, each signing in by one way.

    Args:
        streams: The streams; what is in no stream of theirs is left as it is.
        wanted: Name of the way; None leaves the choice to the translator.

    Raises:
        UnknownWay: No stream offers a way of that name.
    """
    if wanted is None:
        return streams
    offered = set[str]()
    chosen = [_chosen(stream, wanted, offered) for stream in streams]
    if wanted not in offered:
        told = nearest(wanted, offered) if offered else "it offers none to choose from."
        raise UnknownWay(f"The manifest has no way to sign in called `{wanted[:60]}`; {told}")
    return chosen


def _chosen(node: Any, wanted: str, offered: set[str]) -> Any:
    if isinstance(node, list):
        return [_chosen(one, wanted, offered) for one in node]
    if not isinstance(node, Mapping):
        return node
    ways = node.get("authenticators")
    if node.get("type") == SELECTIVE and isinstance(ways, Mapping):
        offered.update(str(name) for name in ways)
        if wanted in ways:
            return ways[wanted]
    return {name: _chosen(value, wanted, offered) for name, value in node.items()}
