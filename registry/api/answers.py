"""What of an error people may see: code, words and remedy of ours; never the database's words."""

import logging
import re
from collections.abc import Sequence
from typing import Any, Final

from graphql import GraphQLError

from schemas.errors import AccessDenied, Conflict, InvalidInput, TownclerkError, WrongRelease

ERRORS_MAX: Final = 20  # one page where every row fails says the same 200 times
INTERNAL_ERROR: Final = "internal_error"  # as the web server's other answers call it
_INTERNAL_REMEDY: Final = (
    "Try again; if it stays, give the correlation id to whoever runs this Townclerk."
)
_CORRECT_IT: Final = (
    "Correct the question at the place named; docs/reference/graphql-schema.md lists every field."
)
_HINT: Final = re.compile(r" Did you mean .*\?$", re.DOTALL)  # graphql-core's own ending
# Their words name what was asked for, or revisions of ours; those of other errors may name hosts,
# users and paths.
_SHOWN: Final = (InvalidInput, AccessDenied, Conflict, WrongRelease)

logger = logging.getLogger("townclerk.api")


def told(
    errors: Sequence[GraphQLError], correlation_id: str, *, hints: bool = True
) -> list[GraphQLError]:
    """Return errors as people may see them, and log the unforeseen ones.

    Args:
        errors: What parsing, validation and execution gave.
        correlation_id: Under which the log has this request.
        hints: Whether fields that exist are suggested for those that do not; not to strangers.

    Returns:
        At most `ERRORS_MAX`.
    """
    seen: set[int] = set()
    shown = []
    for error in errors[:ERRORS_MAX]:
        shown.append(_shown(error, correlation_id, hints=hints))
        root = _root(error)
        if _is_unforeseen(error) and id(root) not in seen:  # a loader's error stands many times
            seen.add(id(root))
            _log(error, root, correlation_id)
    return shown


def _shown(error: GraphQLError, correlation_id: str, *, hints: bool) -> GraphQLError:
    root = _root(error)
    if isinstance(root, TownclerkError):
        words = root.what if isinstance(root, _SHOWN) else _summary(root)
        return _with(error, words, {"code": root.code, "remedy": root.remedy})
    if not _is_unforeseen(error):
        words = error.message if hints else _HINT.sub("", error.message)
        return _with(error, words, {"code": InvalidInput.code, "remedy": _CORRECT_IT})
    return _with(
        error,
        "Something went wrong on our side; the log has it under the correlation id.",
        {"code": INTERNAL_ERROR, "remedy": _INTERNAL_REMEDY, "correlationId": correlation_id},
    )


def _with(error: GraphQLError, words: str, extensions: dict[str, Any]) -> GraphQLError:
    return GraphQLError(
        words,
        nodes=error.nodes,
        source=error.source,
        positions=error.positions,
        path=error.path,
        extensions=extensions,
    )


def _root(error: GraphQLError) -> BaseException:
    """Return what was raised first; GraphQL wraps errors, its own too."""
    root: BaseException = error
    while isinstance(root, GraphQLError) and root.original_error is not None:
        root = root.original_error
    return root


def _is_unforeseen(error: GraphQLError) -> bool:
    """Tell whether it is neither ours nor the asker's mistake.

    GraphQL's own errors without a path are about the question; with one, about a value that our
    side gave and the schema does not allow - unless an argument was wrong, which has no original.
    """
    root = _root(error)
    if isinstance(root, TownclerkError):
        return False
    if not isinstance(root, GraphQLError):
        return True
    return error.path is not None and error.original_error is not None


def _log(error: GraphQLError, root: BaseException, correlation_id: str) -> None:
    logger.error(
        "a resolver failed",
        exc_info=root,
        extra={
            "correlation_id": correlation_id,
            "field": ".".join(str(part) for part in error.path or ()),
        },
    )


def _summary(error: TownclerkError) -> str:
    return (type(error).__doc__ or "").strip().splitlines()[0]
