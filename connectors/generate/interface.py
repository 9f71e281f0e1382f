"""Read an interface's document, whatever it is written in, and infer what a connector can read."""

from connectors.generate.documents import is_markup, is_web_page, read_document, unpacked
from connectors.generate.guesses import InferredInterface, InterfaceUnreadable
from connectors.generate.openapi import read_openapi

_PAGE_REMEDY = (
    "Give the address that the page itself loads its document from, often /openapi.json, "
    "/v3/api-docs or /swagger.json; or sign in with a browser and save the document as a file."
)


def infer_interface(content: bytes, *, name: str) -> InferredInterface:
    """Infer a connector from a document.

    Args:
        content: The document: OpenAPI 3 or Swagger 2.0 as JSON or YAML, or a GraphQL schema as
            text or as the answer to an introspection, or the metadata of an OData service;
            packed with gzip or not.
        name: File name or address, for messages.

    Raises:
        InterfaceUnreadable: It is none of these, or describes nothing that can be read.
    """
    content = unpacked(content, name)
    if is_markup(content):
        if is_web_page(content):
            raise InterfaceUnreadable(
                f"{name} is a web page, not an interface's document.", remedy=_PAGE_REMEDY
            )
        from connectors.generate.csdl import read_metadata  # lxml, which few documents need

        return read_metadata(content, name=name)
    document = read_document(content, name=name)
    if isinstance(document, str) or "__schema" in document or _introspected(document):
        from connectors.generate.relay import read_graphql  # graphql-core takes 0.3 s to import

        return read_graphql(document)
    if not {"openapi", "swagger", "paths"} & set(document):
        raise InterfaceUnreadable(
            f"{name} is neither OpenAPI nor Swagger nor a GraphQL schema: it has no `paths`."
        )
    return read_openapi(document)


def _introspected(document: dict[str, object]) -> bool:
    data = document.get("data")
    return isinstance(data, dict) and "__schema" in data
