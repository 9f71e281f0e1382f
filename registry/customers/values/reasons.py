"""Why somebody changed the master view, and who: both are kept, so both must be there and fit."""

from typing import Final

from schemas.errors import InvalidInput

REASON_CHARACTERS_MAX: Final = 1_000  # the columns' width
ACTOR_CHARACTERS_MAX: Final = 120  # theirs, too


def stated(reason: str, actor: str, *, what: str) -> tuple[str, str]:
    """Return a reason and a name as they are kept.

    Args:
        reason: Why, in somebody's words.
        actor: Who.
        what: What needs both, at the head of a sentence.

    Raises:
        InvalidInput: One of them is empty, or longer than anybody reads.
    """
    reason, actor = reason.strip(), actor.strip()
    if not reason or not actor:
        raise InvalidInput(f"{what} needs a reason and the name of who decides.", path=["reason"])
    if len(reason) > REASON_CHARACTERS_MAX:
        raise InvalidInput(
            f"A reason has at most {REASON_CHARACTERS_MAX:,} characters; this one has"
            f" {len(reason):,}.",
            path=["reason"],
        )
    return reason, actor[:ACTOR_CHARACTERS_MAX]
