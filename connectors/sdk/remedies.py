"""What to mend where a source answered with a status that no further try changes."""

_NOT_FOUND = 404
_REMEDIES = {
    400: "Compare the query parameters in the connector file with the interface's document.",
    401: "Check the `auth` part of the connector file and the secret it names.",
    403: "Check the `auth` part of the connector file and the secret it names; if they are right, "
    "ask the source's owner to let this account read that list.",
    _NOT_FOUND: "Compare the path in the connector file, and the address, with the interface's "
    "document.",
    405: "Compare the path in the connector file with the interface's document: it is no list.",
    410: "The list is gone: ask the source's owner what took its place.",
    422: "Compare the query parameters in the connector file with the interface's document.",
}


def remedy_for(status: int, path: str) -> str | None:
    """Return what to do about a status; None where nothing is known.

    Args:
        status: Of the answer.
        path: What was asked for, from the root of the server. One that begins twice with the
            same steps is a usual slip: the address ends in what the path begins with.
    """
    steps = path.strip("/").split("/")
    for count in range(1, len(steps) // 2 + 1):
        if status == _NOT_FOUND and steps[:count] == steps[count : 2 * count]:
            twice = "/" + "/".join(steps[:count])
            return f"`{twice}` stands in the address and in the path: take it out of one of them."
    return _REMEDIES.get(status)
