"""GraphQL documents: is a schema, written as SDL or as an introspection answer, valid?"""

from typing import Any

from graphql import GraphQLError, GraphQLSchema, build_client_schema, build_schema
from graphql.type import validate_schema

from registry.compliance.positions import LineMap
from schemas.compliance import START_OF_DOCUMENT, Finding, Position, Range, Severity

TOKENS_MAX = 500_000  # the largest public schema has 150,000
CHARACTERS_MAX = 8 * 2**20  # as many as that schema, four times over
DEPTH_MAX = 100  # brackets within brackets; the parser of graphql-core is recursive
RULE = "graphql-structure"


def read_schema(text: str, data: Any = None) -> GraphQLSchema:
    """Build the schema without judging it.

    Args:
        text: SDL; ignored when `data` is given.
        data: The answer to an introspection query.

    Raises:
        GraphQLError: The syntax or a name in it is wrong.
        TypeError: The parts do not make a schema.
        ValueError: The document is too large or too deep to be read.
    """
    if data is not None:
        inner = data.get("data", data)
        return build_client_schema(inner, assume_valid=True)
    if len(text) > CHARACTERS_MAX:
        raise ValueError(f"the schema has more than {CHARACTERS_MAX:,} characters")
    if _depth(text) > DEPTH_MAX:
        raise ValueError(f"brackets are nested deeper than {DEPTH_MAX}")
    return build_schema(text, assume_valid_sdl=False, max_tokens=TOKENS_MAX)


def sdl_problems(text: str, source: str, *, data: Any = None) -> list[Finding]:
    """Return what makes a GraphQL schema invalid.

    Args:
        text: The document as written.
        source: Its name, for findings.
        data: Its parsed value where it is the answer to an introspection query.
    """
    try:
        schema = read_schema(text, data)
    except GraphQLError as wrong:
        return [_finding(wrong, text, source)]
    except (TypeError, ValueError, KeyError) as wrong:
        words = str(wrong)
        # graphql-core joins what it finds in SDL into one text, separated by empty lines.
        return [
            Finding(RULE, Severity.ERROR, (), part[:1000], START_OF_DOCUMENT, source)
            for part in words.split("\n\n")
        ]
    return [_finding(wrong, text, source) for wrong in validate_schema(schema)]


def _finding(wrong: GraphQLError, text: str, source: str) -> Finding:
    place = START_OF_DOCUMENT
    positions = list(wrong.positions or ())
    if positions:
        at = LineMap(text).position(min(positions[0], len(text)))
        place = Range(at, Position(at.line, at.character + 1))
    return Finding(RULE, Severity.ERROR, (), wrong.message[:1000], place, source)


def _depth(text: str) -> int:
    deepest = depth = 0
    for sign in text:
        if sign in "([{":
            depth += 1
            deepest = max(deepest, depth)
        elif sign in ")]}":
            depth -= 1
    return deepest
