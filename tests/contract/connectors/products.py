"""The products that presets are for, as strict as the real ones in sign-in, pages and questions.

Each server refuses what its product refuses, in its product's words, and forgets a token once in
the middle of a scan where its product gives tokens that expire.
"""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlencode

from tests.contract.connectors.servers import Reply, Request

SECRET = "a s3cret + of/the product"  # a made-up one
COUNT, PAGE = 23, 5
AGE_SECONDS_MAX = 3600  # as Open Zaak's setting JWT_EXPIRY has it
NUMBERS = [f"{999990000 + number}" for number in range(COUNT)]

PARTY = {
    "uuid": "u", "soortPartij": "persoon", "bezoekadres": {"postcode": "1000 AA"},
    "partijIdentificatie": {"contactnaam": {"voornaam": "An", "achternaam": "Jansen"}},
}  # fmt: skip
ROLE = {
    "uuid": "u", "betrokkeneType": "natuurlijk_persoon",
    "betrokkeneIdentificatie": {"voornamen": "An", "geslachtsnaam": "Jansen"},
}  # fmt: skip
PATRON = {"patron_id": 0, "firstname": "An", "surname": "Jansen", "updated_on": "2026-01-01"}
THING = {
    "uuid": "u",
    "record": {"registrationAt": "2026-01-01", "data": {"voornaam": "An", "achternaam": "Jansen"}},
}
USER = {"id": "u", "name": {"givenName": "An", "familyName": "Jansen"}, "emails": [{"value": "a"}]}
PERSON = {"burgerservicenummer": "", "naam": {"voornamen": "An", "geslachtsnaam": "Jansen"}}


class Product:
    """One product.

    Args:
        name: Name of its preset.
        root: Where its interface begins.
        secret: The secret it knows.
    """

    def __init__(self, name: str, root: str, secret: str = SECRET) -> None:
        self.name, self.root, self.secret = name, root, secret
        self.tokens: list[str] = []
        self.signed: set[str] = set()
        self._good = 0

    def answer(self, request: Request) -> Reply:
        sign_in, pages, _, _ = _PRODUCTS[self.name]
        if request.path == "/api/v1/oauth/token" and self.name == "koha-oauth2":
            return self._token(request)
        if not request.path.startswith(self.root):
            return Reply.json({"detail": "Not found."}, status=404)
        if (refused := sign_in(self, request.headers.get("authorization", ""), request)) is None:
            return pages(self, request)
        return refused

    def _token(self, request: Request) -> Reply:
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        known = {"client_id": "your-client-id", "client_secret": self.secret}
        if form.get("grant_type") != "client_credentials":
            return Reply.json({"error": "Unimplemented grant type"}, status=400)
        if {**form, **known} != form:
            return Reply.json({"error": "unauthorized_client"}, status=403)
        self.tokens.append(f"token-{len(self.tokens)}")
        self._good = 0
        told = {"access_token": self.tokens[-1], "token_type": "Bearer", "expires_in": 3600}
        return Reply.json(told)

    def expired(self) -> bool:
        """Tell whether the token is one that ended meanwhile: the first one, after two pages."""
        self._good += 1
        return len(self.tokens) == 1 and self._good > 2


Checked = Reply | None


def token_word(product: Product, given: str, request: Request) -> Checked:
    """Check as Django REST framework's TokenAuthentication does."""
    del request
    word, _, token = given.partition(" ")
    if word.lower() == "token" and token == product.secret:
        return None
    told = {"code": "authentication_failed", "status": 401, "detail": "Invalid token."}
    return Reply.json(told, status=401)


def statement(product: Product, given: str, request: Request) -> Checked:
    """Check as the ZGW interfaces do: signature, who, when, for whom."""
    del request
    word, _, token = given.partition(" ")
    parts = token.split(".")
    if word != "Bearer" or len(parts) != 3:
        return Reply.json({"code": "not_authenticated", "status": 403}, status=403)
    head, claims, signature = (base64.urlsafe_b64decode(part + "==") for part in parts)
    body = token.rpartition(".")[0].encode()
    wanted = hmac.digest(product.secret.encode(), body, hashlib.sha256)
    said = json.loads(claims)
    right = json.loads(head) == {"alg": "HS256", "typ": "JWT"} and signature == wanted
    known = said.get("client_id") == said.get("iss") == "townclerk"
    if not right or not known or not (said.get("user_id") and said.get("user_representation")):
        return Reply.json({"code": "invalid-jwt-credentials", "status": 403}, status=403)
    if not 0 <= time.time() - said["iat"] < AGE_SECONDS_MAX:
        return Reply.json({"code": "jwt-expired", "status": 403}, status=403)
    product.signed.add(token)
    return None


def account(product: Product, given: str, request: Request) -> Checked:
    """Check as Koha does with RESTBasicAuth."""
    del request
    pair = base64.b64encode(f"townclerk:{product.secret}".encode()).decode()
    if given == f"Basic {pair}":
        return None
    return Reply.json({"error": "Authentication failure."}, status=401)


def given_token(product: Product, given: str, request: Request) -> Checked:
    """Check as Koha does with tokens that it gave."""
    del request
    known = bool(product.tokens) and given == f"Bearer {product.tokens[-1]}"
    if known and not product.expired():
        return None
    return Reply.json({"error": "Expired token"}, status=401)


def bearer(product: Product, given: str, request: Request) -> Checked:
    """Check as RFC 7644 has it."""
    del request
    if given == f"Bearer {product.secret}":
        return None
    told = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "401"}
    return Reply.json(told, status=401)


def own_header(product: Product, given: str, request: Request) -> Checked:
    """Check as the population register does."""
    del given
    if request.headers.get("x-api-key") == product.secret:
        return None
    return Reply.json({"title": "Niet correct geauthenticeerd.", "status": 401}, status=401)


def linked(product: Product, request: Request) -> Reply:
    """Page by an address in `next`, as Open Klant, Open Zaak and the Objects API do."""
    query, allowed = request.query, {"page", "pageSize"}
    if product.name == "objects-api":
        allowed |= {"type"}
        if not query.get("type", "").startswith("https://"):
            return Reply.json({"type": ["Enter a valid URL."]}, status=400)
    if extra := set(query) - allowed:
        return Reply.json({"code": "unknown-parameters", "names": sorted(extra)}, status=400)
    number, size = int(query.get("page", 1)), min(PAGE, int(query.get("pageSize", PAGE)))
    page = records(product)[(number - 1) * size : number * size]
    if not page:
        return Reply.json({"detail": "Invalid page."}, status=404)
    following = urlencode({**query, "page": number + 1})
    more = number * size < COUNT
    link = f"http://{request.headers['host']}{request.path}?{following}" if more else None
    return Reply.json({"count": COUNT, "next": link, "previous": None, "results": page})


def numbered(product: Product, request: Request) -> Reply:
    """Page by number, with the total in a header, as Koha does."""
    query = request.query
    if extra := set(query) - {"_page", "_per_page", "_match", "_order_by", "q"}:
        return Reply.json({"errors": [{"message": f"Malformed query string {extra}"}]}, status=400)
    start, size = (int(query["_page"]) - 1) * PAGE, min(PAGE, int(query["_per_page"]))
    page = records(product)[start : start + size]
    return Reply.json(page, headers={"X-Total-Count": str(COUNT)})


def counted(product: Product, request: Request) -> Reply:
    """Page by the first record's number, which is 1, as SCIM has it."""
    start = int(request.query["startIndex"])
    page = records(product)[start - 1 :][: min(PAGE, int(request.query["count"]))]
    told = {"totalResults": COUNT, "startIndex": start, "itemsPerPage": len(page)}
    return Reply.json(told | ({"Resources": page} if page else {}))


def asked(product: Product, request: Request) -> Reply:
    """Answer a question about people, as the population register does."""
    body = json.loads(request.body)
    wanted = {"RaadpleegMetBurgerservicenummer": "burgerservicenummer",
              "ZoekMetNummeraanduidingIdentificatie": "nummeraanduidingIdentificatie"}  # fmt: skip
    field = wanted.get(body.get("type"))
    value = body.get(field)
    right = isinstance(value, list) if field == "burgerservicenummer" else isinstance(value, str)
    if request.method != "POST" or not right or set(body) != {"type", "fields", field}:
        return Reply.json({"code": "paramsValidation", "status": 400}, status=400)
    if isinstance(value, list) and len(value) > 20:
        return Reply.json({"code": "maxItems", "status": 400}, status=400)
    everybody = records(product)
    if isinstance(value, list):
        people = [one for one in everybody if one["burgerservicenummer"] in value]
    else:
        people = [one for one in everybody if one["burgerservicenummer"].endswith(value[-1])]
    return Reply.json({"type": body["type"], "personen": people})


class _Shape(NamedTuple):
    sign_in: Callable[[Product, str, Request], Checked]
    pages: Callable[[Product, Request], Reply]
    record: dict[str, Any]
    key: str


_PRODUCTS = {
    "haal-centraal-brp": _Shape(own_header, asked, PERSON, "burgerservicenummer"),
    "haal-centraal-brp-addresses": _Shape(own_header, asked, PERSON, "burgerservicenummer"),
    "koha": _Shape(account, numbered, PATRON, "patron_id"),
    "koha-oauth2": _Shape(given_token, numbered, PATRON, "patron_id"),
    "objects-api": _Shape(token_word, linked, THING, "uuid"),
    "open-klant": _Shape(token_word, linked, PARTY, "uuid"),
    "open-zaak": _Shape(statement, linked, ROLE, "uuid"),
    "scim": _Shape(bearer, counted, USER, "id"),
}
ROOTS = {
    "haal-centraal-brp": "/haalcentraal/api/brp", "koha": "/api/v1", "koha-oauth2": "/api/v1",
    "haal-centraal-brp-addresses": "/haalcentraal/api/brp",
    "objects-api": "/api/v2", "open-klant": "/klantinteracties/api/v1",
    "open-zaak": "/zaken/api/v1", "scim": "/scim/v2",
}  # fmt: skip
FILES = {
    "/etc/townclerk/brp-numbers.txt": NUMBERS,
    "/etc/townclerk/brp-addresses.txt": [f"{number:016d}" for number in range(10, 20)],
}
"""What the files of numbers hold that two presets name; an address is its residents' last digit."""


def records(product: Product) -> list[dict[str, Any]]:
    """Return everything a product has, each record with a key of its own."""
    shape = _PRODUCTS[product.name]
    numbers = NUMBERS if shape.key == "burgerservicenummer" else range(1, COUNT + 1)
    made = shape.record[shape.key]
    return [{**shape.record, shape.key: number if made in (0, "") else f"u{number}"}
            for number in numbers]  # fmt: skip
