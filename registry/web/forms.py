"""Forms that pages send: small, in the body of a request, and read with bounds."""

from typing import Final
from urllib.parse import parse_qs

from starlette.requests import Request

from schemas.errors import InvalidInput

FORM_BYTES_MAX: Final = 8_192  # a name and a reason
FIELDS_MAX: Final = 10


async def read_form(request: Request) -> dict[str, str]:
    """Return the fields of a form.

    Raises:
        InvalidInput: It is none, or too long for one.
    """
    body = await request.body()
    if len(body) > FORM_BYTES_MAX:
        raise InvalidInput("The form is too long.")
    try:
        read = parse_qs(body.decode("utf-8"), max_num_fields=FIELDS_MAX)
    except ValueError as error:
        raise InvalidInput("This is no form.") from error
    return {name: values[0].replace("\0", " ") for name, values in read.items()}
