"""What every part of a connector file is made of: strict models, and the types of single values."""

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)
from pydantic_core import PydanticCustomError

from connectors.sdk.expressions import compile_expression
from schemas.errors import InvalidConnectorFile

PAGE_RECORDS_MAX = 10_000
"""A page is one transaction and lies in memory twice; larger pages gain nothing measurable."""

LOOKBACK_SECONDS_MAX = 31 * 86_400
"""A longer look-back is a full scan by another name."""

_SECRET = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|file:/[^\0]+|store:[a-z0-9][a-z0-9._-]{0,99}")


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint that names the most similar known name, or lists all of them."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return f"did you mean `{close[0]}`?" if close else f"known are {', '.join(names)}."


class Strict(BaseModel):
    """Base of everything in a connector file: frozen, and unknown names are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    @model_validator(mode="before")
    @classmethod
    def refuse_unknown_names(cls, data: Any) -> Any:
        """Refuse a name we do not know, with the nearest one we do."""
        if isinstance(data, Mapping):
            for name in data:
                if name not in cls.model_fields:
                    raise unknown_name(str(name), cls.model_fields)
        return data


def fault(words: str, *at: str) -> PydanticCustomError:
    """Return a fault of a connector file.

    Args:
        words: What is wrong.
        at: The way from the model that notices it to the name whose line is to be shown.
    """
    return PydanticCustomError("connector_file", "{words}", {"words": words, "at": at})


def unknown_name(name: str, known: Iterable[str], *at: str) -> PydanticCustomError:
    """Return the fault for a name that stands where nothing of that name may stand."""
    return fault(f"`{name[:60]}` is not known here; {nearest(name[:60], known)}", *at, name)


def _expression_text(value: Any) -> Any:
    """Let `true` or 12 stand without quotes where an expression is meant."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


def _parsed(text: str) -> str:
    try:
        compile_expression(text)
    except InvalidConnectorFile as error:
        raise fault(error.what) from None
    return text


def _reference(text: str) -> str:
    if not _SECRET.fullmatch(text):
        raise fault("a secret is named, never written: env:NAME, file:/PATH or store:NAME")
    return text


Expression = Annotated[
    str, BeforeValidator(_expression_text), StringConstraints(min_length=1), AfterValidator(_parsed)
]
"""Text in our expression language, checked when the file is read."""

SecretRef = Annotated[str, AfterValidator(_reference)]
"""Where a secret lies, never the secret: env:NAME, file:/PATH or store:NAME."""

Urn = Annotated[str, StringConstraints(pattern=r"^urn:[a-z0-9][a-z0-9-]*:\S+$", max_length=200)]
Path = Annotated[str, StringConstraints(pattern=r"^/([^/?#\\\s][^?#\\\s]*)?$", max_length=500)]
DottedPath = Annotated[
    str,
    StringConstraints(
        pattern=r"^([^.\s\[\]]+|\['[^']+'\])(\.[^.\s\[\]]+|\['[^']+'\])*$", max_length=200
    ),
]
"""A path into an answer, as in `links.next` or `['@odata.nextLink']`."""
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_.-]*$", max_length=60)]
Header = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$", max_length=100)]
Parameter = Annotated[str, StringConstraints(min_length=1, max_length=100)]
PageSize = Annotated[int, Field(ge=1, le=PAGE_RECORDS_MAX)]
LookBack = Annotated[float, Field(ge=0, le=LOOKBACK_SECONDS_MAX)]
