"""A source made from its own interface's document: its paths, its parameters, its records.

It reads the document by itself, with none of the generator's code, and is as strict as real
sources are: a parameter that is not declared, or not of its type, is answered with status 400.
"""

import json
from typing import Any, NamedTuple
from urllib.parse import urlencode

from tests.contract.connectors.servers import Reply, Request

DEPTH_MAX = 7
PAGE = 10


class Truth(NamedTuple):
    """What a person read off the document about one list."""

    records: str
    paging: str
    way: str
    key: str


class Documented:
    """Answers as one document says."""

    def __init__(self, document: dict[str, Any], truths: dict[str, Truth], count: int) -> None:
        self.document, self.truths, self.count = document, truths, count
        self.root = ""
        self._made: dict[tuple[str, int], Any] = {}

    def answer(self, request: Request) -> Reply:
        path = request.path
        operation = self.document["paths"].get(path, {}).get("get")
        if operation is None:
            return Reply.json({"title": "no such path"}, status=404)
        if wrong := self._wrong(path, operation, request):
            return Reply.json({"title": wrong}, status=400)
        return self._page(path, operation, request)

    def _wrong(self, path: str, operation: dict[str, Any], request: Request) -> str:
        listed = [
            *operation.get("parameters", []),
            *self.document["paths"][path].get("parameters", []),
        ]
        followed = [self.follow(one) for one in listed]
        for one in followed:
            lacks = one["name"].lower() not in request.headers
            if one["in"] == "header" and one.get("required") and lacks:
                return f"header {one['name']} is required"
        declared = {one["name"]: one for one in followed if one["in"] == "query"}
        for name, value in request.query.items():
            if name not in declared:
                return f"unknown parameter {name}"
            schema = self.follow(declared[name].get("schema", declared[name]))
            if schema.get("type") == "integer" and not value.isdigit():
                return f"{name} is no number"
            if int(schema.get("maximum", 1e9)) < int(value if value.isdigit() else 0):
                return f"{name} is too large"
        return ""

    def _page(self, path: str, operation: dict[str, Any], request: Request) -> Reply:
        truth, query = self.truths[path], request.query
        marker = (
            truth.way
            if truth.paging == "page"
            else "cursor"
            if truth.paging == "cursor"
            else "page"
        )
        number = int(query.get(marker, "1"))
        size = next((int(query[n]) for n in ("pageSize", "limit", "_per_page") if n in query), PAGE)
        numbers = range(self.count)[(number - 1) * size : number * size]
        more = number * size < self.count
        items = [self.record(path, one) for one in numbers]
        if truth.records == ".":
            return Reply.json(items, headers={"X-Total-Count": str(self.count)})
        body = self.sample(self.schema(operation), 0)
        body[truth.records] = items
        following = urlencode({**query, "page": number + 1})
        link = f"http://{request.headers['host']}{self.root}{path}?{following}"
        body[truth.way] = (link if truth.paging == "link" else str(number + 1)) if more else None
        for name in ("count", "total"):
            body |= {name: self.count} if name in body else {}
        return Reply.json(body)

    def record(self, path: str, number: int) -> dict[str, Any]:
        """Make one record of a list, with a key of its own."""
        variant = number % 6
        if (path, variant) not in self._made:
            schema = self.schema(self.document["paths"][path]["get"])
            if (records := self.truths[path].records) != ".":
                schema = self.properties(schema)[records]
            self._made[path, variant] = json.dumps(
                self.sample(self.follow(schema)["items"], variant)
            )
        record: dict[str, Any] = json.loads(self._made[path, variant])
        key = self.truths[path].key
        record[key] = number if isinstance(record[key], int) else f"{record[key]}-{number}"
        return record

    def schema(self, operation: dict[str, Any]) -> dict[str, Any]:
        """Return the schema of an operation's good answer."""
        answers = {str(status): answer for status, answer in operation["responses"].items()}
        good = self.follow(answers["200"])
        found = good.get("schema") or next(iter(good["content"].values()))["schema"]
        return self.follow(found)

    def follow(self, node: dict[str, Any]) -> dict[str, Any]:
        """Follow references to their end; those to other documents lead nowhere."""
        while "$ref" in node:
            if not node["$ref"].startswith("#/"):
                return {}
            found: Any = self.document
            for step in node["$ref"].removeprefix("#/").split("/"):
                found = found[step.replace("~1", "/").replace("~0", "~")]
            node = found
        return node

    def properties(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Return the properties of a schema and of what it is made of."""
        schema = self.follow(schema)
        found = dict(schema.get("properties", {}))
        for part in schema.get("allOf", []):
            found |= self.properties(part)
        return found

    def sample(
        self, schema: dict[str, Any], variant: int, depth: int = 0, chosen: tuple[int, ...] = ()
    ) -> Any:
        """Make a value of a schema; alternatives come in turn.

        Args:
            schema: The schema.
            variant: Which of its alternatives.
            depth: How deep it stands.
            chosen: Schemas whose alternative this one is, so that they choose no other.
        """
        schema = self.follow(schema)
        if depth > DEPTH_MAX:
            return None
        mapping = list(schema.get("discriminator", {}).get("mapping", {}).items())
        if mapping and id(schema) not in chosen:
            code, named = mapping[variant % len(mapping)]
            target = named if "/" in named else f"#/components/schemas/{named}"
            made = self.sample({"$ref": target}, variant, depth, (*chosen, id(schema)))
            base = self.sample(schema, variant, depth, (*chosen, id(schema)))
            return base | made | {schema["discriminator"]["propertyName"]: code}
        whole: Any = {}
        for part in schema.get("allOf", []):
            made = self.sample(part, variant, depth, chosen)
            whole = whole | made if isinstance(made, dict) and isinstance(whole, dict) else made
        for word in ("oneOf", "anyOf") if not mapping else ():
            if schema.get(word):
                choice = schema[word][variant % len(schema[word])]
                made = self.sample(choice, variant, depth + 1, chosen)
                return whole | made if isinstance(made, dict) and whole else made
        if whole and not isinstance(whole, dict):
            return whole
        if schema.get("properties") or whole or mapping:
            return whole | self._own(schema, variant, depth)
        return self._plain(schema, variant, depth)

    def _own(self, schema: dict[str, Any], variant: int, depth: int) -> dict[str, Any]:
        return {
            name: self.sample(inner, variant, depth + 1)
            for name, inner in schema.get("properties", {}).items()
        }

    def _plain(self, schema: dict[str, Any], variant: int, depth: int) -> Any:
        codes = [code for code in schema.get("enum", []) if code]
        if codes:
            return codes[variant % len(codes)]
        match schema.get("type"):
            case "array":
                return [self.sample(schema["items"], variant, depth + 1)]
            case "integer" | "number":
                return int(schema.get("minimum", 1)) + variant
            case "boolean":
                return variant % 2 == 0
            case "object":
                return {}
        return _TEXTS.get(schema.get("format", ""), "words")


_TEXTS = {
    "date": "1980-05-17",
    "date-time": "2026-01-01T12:00:00Z",
    "email": "an@example.nl",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "uri": "https://example.nl/api/v1/thing",
}
