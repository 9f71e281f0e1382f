"""What the API refuses, each with its code and the next step; all others are in schemas.errors."""

from http import HTTPStatus

from schemas.errors import AccessDenied, InvalidInput, TownclerkError, Unreachable


class RequestRefused(InvalidInput):
    """The HTTP request is not a GraphQL request as we take them.

    Args:
        what: What is wrong with it.
        status: How HTTP says so.
        remedy: What to do instead.
    """

    code = "graphql_request_refused"
    remedy = (
        "Send one JSON object with `query`, and where needed `variables` and `operationName`, "
        "by POST as application/json in UTF-8."
    )

    def __init__(
        self,
        what: str,
        *,
        status: HTTPStatus = HTTPStatus.BAD_REQUEST,
        remedy: str | None = None,
    ) -> None:
        super().__init__(what, remedy=remedy)
        self.status = status


class QuestionTooLarge(InvalidInput):
    """A GraphQL document is longer, deeper or fuller than any that a person needs."""

    code = "question_too_large"
    remedy = "Ask in several smaller questions; the message names the limit."


class AnswerTooLarge(InvalidInput):
    """An answer would hold more than we give at once: its lists within lists multiply."""

    code = "answer_too_large"
    remedy = "Ask for fewer entries per page with `first`, or for fewer lists within lists."


class AnswerTooSlow(TownclerkError):
    """The database did not find the answer in the time a question has."""

    code = "answer_too_slow"
    remedy = "Ask for less at once, or narrow the question with `search`."


class ServerBusy(Unreachable):
    """More questions are being answered than we take at once."""

    code = "server_busy"
    remedy = "Ask again in a moment; an operator can raise TOWNCLERK_POOL_SIZE."


class SocketsFull(Unreachable):
    """As many subscriptions are open as this server takes."""

    code = "subscriptions_full"
    remedy = "Close some, or subscribe again in a moment."


class SchemaHidden(AccessDenied):
    """This server does not tell what can be asked."""

    code = "introspection_denied"
    remedy = "Read docs/reference/graphql-schema.md, or ask an administrator for a token."
