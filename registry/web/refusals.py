"""What a browser shows where a page failed or is not open: a plain page, which needs no database.

Who asked may be unknown, so it has neither their name nor the navigation; the code is the same
that programs get.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from registry.web.pages import environment

TITLES: Final[Mapping[HTTPStatus, str]] = {
    HTTPStatus.UNAUTHORIZED: "Who are you?",
    HTTPStatus.FORBIDDEN: "This is not open to you",
    HTTPStatus.NOT_FOUND: "There is nothing here",
    HTTPStatus.SERVICE_UNAVAILABLE: "Not at this moment",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Something went wrong",
}
OTHERWISE: Final = "Something is not right"


def refusal_page(told: Mapping[str, str], status: HTTPStatus, *, request_id: str | None) -> str:
    """Fill in the page.

    Args:
        told: Code, what and remedy, as people may see them.
        status: HTTP status of the answer.
        request_id: Under which the log has it.
    """
    return environment.get_template("refused.html").render(
        title=TITLES.get(status, OTHERWISE),
        # Without a token there are no stylesheets, and asking for them would ask for it again.
        styled=status is not HTTPStatus.UNAUTHORIZED,
        request_id=request_id,
        **told,
    )
