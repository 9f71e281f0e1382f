"""Whoever reads the schema needs no other page: everything says what it is, in plain English."""

from collections.abc import Iterator

from graphql import (
    GraphQLEnumType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    is_introspection_type,
    is_specified_scalar_type,
)

from registry.api.schema import schema

GRAPH = schema._schema  # no public way leads to it
WORDS_MIN = 2


def everything() -> Iterator[tuple[str, str | None]]:
    for name, kind in GRAPH.type_map.items():
        if is_introspection_type(kind) or is_specified_scalar_type(kind):
            continue
        yield name, kind.description
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for field_name, field in kind.fields.items():
                yield f"{name}.{field_name}", field.description
                for argument, given in field.args.items():
                    yield f"{name}.{field_name}({argument})", given.description
        if isinstance(kind, GraphQLEnumType):
            for value, given in kind.values.items():
                yield f"{name}.{value}", given.description


def test_every_type_field_argument_and_value_is_described() -> None:
    poor = [
        place
        for place, text in everything()
        if not text or len(text.split()) < WORDS_MIN or text.split()[0].islower()
    ]
    assert not [place for place in poor if not place.startswith(("JSON", "DateTime"))], poor


def test_every_root_field_comes_from_one_room() -> None:
    assert GRAPH.query_type
    assert len(GRAPH.query_type.fields) >= 12


def test_names_follow_one_convention() -> None:
    for place, _ in everything():
        owner, _, member = place.partition(".")
        assert owner[0].isupper(), place
        if member and not member.isupper() and "_" in member:
            assert isinstance(GRAPH.type_map[owner], GraphQLEnumType), place
