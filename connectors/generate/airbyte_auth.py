"""Translate how a low-code manifest signs in; whatever is guessed or left out is noted."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from connectors.generate.airbyte_templates import computed, way
from connectors.generate.lists import dotted

Note = Callable[[str], None]
Auth = dict[str, Any]

NAME = "townclerk"
"""Stands for a user or client name that only the configuration knows."""

ALGORITHMS = ("HS256", "RS256", "ES256", "EdDSA")
_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
_OAUTH_USUAL = {"access_token_name": "access_token", "expires_in_name": "expires_in",
    "client_id_name": "client_id", "client_secret_name": "client_secret",
    "refresh_token_name": "refresh_token", "grant_type_name": "grant_type"}  # fmt: skip


def translate_auth(found: Mapping[str, Any], note: Note) -> Auth:
    """Return the options under `auth` for an authenticator; `none` where it has no counterpart."""
    kind = str(found.get("type", "NoAuth"))
    if kind == "NoAuth":
        return {"type": "none"}
    made = _WAYS[kind](found, note) if kind in _WAYS else None
    if made is None:
        note(f"signing in by {kind} in this form")
    return made or {"type": "none"}


def seconds_of(duration: object) -> int | None:
    """Return the seconds of an ISO 8601 duration; None where it is none."""
    match = _DURATION.fullmatch(str(duration))
    if match is None or not any(match.groups()):
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def _bearer(found: Mapping[str, Any], note: Note) -> Auth | None:
    return {"type": "bearer", "secret": _secret(found.get("api_token"), note)}


def _basic(found: Mapping[str, Any], note: Note) -> Auth | None:
    word = found.get("password") or ""
    user = _name(found.get("username", NAME), "user name", note)
    return {"type": "basic", "username": user, "secret": _secret(word, note)}


def _api_key(found: Mapping[str, Any], note: Note) -> Auth | None:
    into = _part(found, "inject_into")
    name = str(found.get("header") or into.get("field_name") or "")
    place = into.get("inject_into", "header")
    if not name or computed(name) or place not in ("header", "request_parameter"):
        return None
    token, made = found.get("api_token"), {"type": "api_key"}
    made["header" if place == "header" else "parameter"] = name
    word, _, rest = str(token).partition(" ")
    if place == "header" and rest and word.isalpha():  # as in `Token {{ config['key'] }}`
        made["prefix"], token = word, rest
    return {**made, "secret": _secret(token, note)}


def _oauth(found: Mapping[str, Any], note: Note) -> Auth | None:
    address = str(found.get("token_refresh_endpoint") or "")
    grant = found.get("grant_type", "refresh_token")
    other = [word for word, usual in _OAUTH_USUAL.items() if found.get(word, usual) != usual]
    if computed(address) or not address.startswith("http") or other:
        return None
    made: Auth = {
        "client_id": _name(found.get("client_id", NAME), "client id", note),
        "secret": _secret(found.get("client_secret"), note, "CLIENT_SECRET"),
        "token_url": address,
        "send": "post",
    }
    if scopes := [str(one) for one in found.get("scopes") or () if not computed(one)]:
        made["scope"] = " ".join(scopes)
    for word in ("refresh_request_body", "refresh_request_headers", "use_profile_assertion"):
        if found.get(word):
            note(f"`{word}` of its sign-in")
    if found.get("refresh_token_updater"):
        note("its server gives new refresh tokens, which nobody could keep: such runs end")
    if grant == "client_credentials":
        return {"type": "oauth2_client_credentials", **made}
    if grant != "refresh_token":
        return None
    refresh = _secret(found.get("refresh_token"), note, "REFRESH_TOKEN")
    return {"type": "oauth2_refresh_token", **made, "refresh": refresh}


def _session(found: Mapping[str, Any], note: Note) -> Auth | None:
    login, used = _part(found, "login_requester"), _part(found, "request_authentication")
    path = found.get("session_token_path")
    base = str(login.get("url_base") or login.get("url") or "").rstrip("/")
    tail = str(login.get("path") or "").strip("/")
    address = f"{base}/{tail}" if tail else base
    if computed(address) or not base or not path or login.get("http_method") != "POST":
        return None
    made: Auth = {"type": "session_token", "login_url": address}
    made["token"] = dotted([str(step) for step in (path if isinstance(path, list) else [path])])
    made["seconds"] = seconds_of(found.get("expiration_duration")) or 3600
    if not _placed(used, made) or not _logged_in(login, made, note):
        return None
    return made


def _placed(used: Mapping[str, Any], made: Auth) -> bool:
    """Say where the token of a session goes."""
    if used.get("type", "Bearer") == "Bearer":
        return True
    into = _part(used, "inject_into")
    place, name = into.get("inject_into"), str(into.get("field_name") or "")
    if place not in ("header", "request_parameter") or not name or computed(name):
        return False
    made["header" if place == "header" else "parameter"] = name
    return True


def _logged_in(login: Mapping[str, Any], made: Auth, note: Note) -> bool:
    """Say how a session is begun: by HTTP Basic, or by one secret in a body."""
    basic, body = _part(login, "authenticator"), _part(login, "request_body_json")
    if login.get("request_body_data") or login.get("request_headers"):
        return False
    if basic.get("type") == "BasicHttpAuthenticator":
        made["username"] = _name(basic.get("username", NAME), "user name", note)
        made["secret"] = _secret(basic.get("password"), note)
        return not body
    told = {name: value for name, value in body.items() if name != "$parameters"}
    unknown = [name for name, value in told.items() if computed(value)]
    secrets = [name for name in unknown if _is_secret(name)] or unknown[-1:]
    if basic or len(secrets) != 1:
        return False
    made["secret"] = _secret(told[secrets[0]], note)
    made["secret_field"] = dotted(secrets)
    made["body"] = {
        name: _name(value, f"`{name}` of its login", note) if computed(value) else value
        for name, value in told.items()
        if name != secrets[0]
    }
    return True


def _jwt(found: Mapping[str, Any], note: Note) -> Auth | None:
    algorithm, head = found.get("algorithm"), _part(found, "jwt_headers")
    if algorithm not in ALGORITHMS or found.get("base64_encode_secret_key") is True:
        return None
    claims, payload = dict[str, Any](), _part(found, "jwt_payload")
    for place in (payload, _part(found, "additional_jwt_payload")):
        for name, value in place.items():
            if name == "$parameters":
                continue
            if isinstance(value, str | int | float | bool) and not computed(value):
                claims[name] = value
            else:
                note(f"the claim `{name}`, which the configuration knows: write it")
    kid = head.get("kid")
    if computed(kid) or _part(found, "additional_jwt_headers") or head.get("cty"):
        note("further headers of its statement")
    made: Auth = {"type": "jwt", "secret": _secret(found.get("secret_key"), note)}
    made |= {"algorithm": algorithm, "claims": claims}
    made |= {"key_id": str(kid)} if kid and not computed(kid) else {}
    life = found.get("token_duration")
    made |= {"seconds": max(30, life)} if isinstance(life, int) else {}
    prefix = found.get("header_prefix")
    made |= {"prefix": prefix} if isinstance(prefix, str) and not computed(prefix) else {}
    into = _part(found, "request_option")
    if into and (into.get("inject_into") != "header" or computed(into.get("field_name"))):
        return None
    return made | ({"header": str(into["field_name"])} if into.get("field_name") else {})


def _selective(found: Mapping[str, Any], note: Note) -> Auth | None:
    """Return the first of several ways that has a counterpart; the configuration chooses there."""
    listed = _part(found, "authenticators")
    for name, one in listed.items():
        if not isinstance(one, Mapping):
            continue
        lost = list[str]()
        made = translate_auth(one, lost.append)
        if made["type"] != "none" or one.get("type") == "NoAuth":
            others = ", ".join(f"`{other}`" for other in listed if other != name)
            note(
                f"it signs in as its configuration chooses: `{name}` was written, not {others}; "
                "`--auth NAME` takes another"
            )
            for why in lost:
                note(why)
            return made
    return None


_WAYS: dict[str, Callable[[Mapping[str, Any], Note], Auth | None]] = {
    "ApiKeyAuthenticator": _api_key,
    "BasicHttpAuthenticator": _basic,
    "BearerAuthenticator": _bearer,
    "JwtAuthenticator": _jwt,
    "OAuthAuthenticator": _oauth,
    "SelectiveAuthenticator": _selective,
    "SessionTokenAuthenticator": _session,
}


def _part(place: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = place.get(name)
    return found if isinstance(found, Mapping) else {}


def _is_secret(name: str) -> bool:
    return any(word in name.lower() for word in ("pass", "secret", "token", "key", "pwd"))


def _name(value: Any, what: str, note: Note) -> str:
    """Return a fixed name; one of the configuration is for a person to write."""
    if computed(value):
        note(f"the {what} comes from the configuration: {NAME} stands for it")
        return NAME
    return str(value)


def _secret(value: Any, note: Note, otherwise: str = "SOURCE_SECRET") -> str:
    """Name the environment variable for a secret as the manifest's configuration does."""
    found = way(value)
    if found is not None and found.root == "config" and found.steps:
        return "env:" + re.sub(r"\W", "_", found.steps[-1]).upper()
    if computed(value):
        note(f"how its secret is put together: {otherwise} has to hold the whole")
    elif value:
        note(f"a secret stands in the manifest itself: put it into {otherwise}")
    return f"env:{otherwise}"
