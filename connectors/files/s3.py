"""Files in an object store that speaks S3: ListObjectsV2 for the list, GetObject for a file.

Requests are signed here (AWS Signature Version 4) and sent by our own client, so that the guard
on addresses and the limits hold. The address is HOST/BUCKET/PREFIX, which every store takes.
Source: Amazon S3 API Reference, ListObjectsV2; Authenticating Requests (AWS Signature Version 4).
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import BinaryIO
from urllib.parse import quote, urlsplit

from connectors.files.remote import FILE_BYTES_MAX, LISTED_MAX, Listed, RemoteFolder
from connectors.sdk.auth import S3Auth
from connectors.sdk.http import Answer, HttpClient
from connectors.sdk.sessions import open_http
from connectors.sdk.source import Source
from connectors.sdk.xml_values import local_name, parse_xml
from schemas.errors import GiveUp, InvalidInput, RetryLater

_EMPTY = hashlib.sha256(b"").hexdigest()
_TOKEN_CHARACTERS_MAX = 4_000  # a token becomes part of an address


class S3Folder(RemoteFolder):
    """What lies under one prefix of a bucket."""

    def __init__(self, source: Source) -> None:
        parts = urlsplit(source.base_url)
        bucket, _, prefix = parts.path.strip("/").partition("/")
        if not bucket:
            raise InvalidInput(
                "The registered address names no bucket.",
                remedy="Write s3://HOST/BUCKET or s3://HOST/BUCKET/FOLDER.",
            )
        super().__init__(f"{parts.netloc}{parts.path}")
        self._bucket, self._prefix = bucket, f"{prefix}/" if prefix else ""
        self._host = parts.netloc.lower()
        self._source = replace(source, base_url=f"{parts.scheme}://{self._host}")
        self._http: HttpClient | None = None

    async def look(self) -> Sequence[Listed]:
        """Ask for page after page of the list."""
        if self._http is None:
            self._http = open_http(self._source)
        found: list[Listed] = []
        token: str | None = None
        while True:
            query = {"list-type": "2", "delimiter": "/", "prefix": self._prefix}
            query |= {"continuation-token": token} if token else {}
            target, headers = self._signed(f"/{self._bucket}", query)
            listed, following = await self._http.get(target, {}, self._read, headers=headers)
            found += listed
            if following is None or len(found) > LISTED_MAX:
                return found
            if following == token:
                raise GiveUp("The object store sends the same page of its list again and again.")
            token = following

    async def download(self, listed: Listed, into: BinaryIO) -> None:
        """Get one object, as it was when it was listed."""
        assert self._http is not None  # the list came first
        target, headers = self._signed(f"/{self._bucket}/{self._prefix}{listed.name}", {})
        headers = {**headers, "If-Match": listed.tag} if listed.tag else headers
        try:
            await self._http.download(target, into, limit=FILE_BYTES_MAX, headers=headers)
        except GiveUp as refused:
            if refused.facts.get("status") in (404, 412):
                raise RetryLater(f"{listed.name} changed before it was fetched.") from None
            raise

    async def leave(self) -> None:
        """Close the connections."""
        if self._http is not None:
            await self._http.close()
            self._http = None

    def _signed(self, path: str, query: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        """Return target and headers of a request."""
        auth = self._source.spec.auth
        if not isinstance(auth, S3Auth):
            return _target(path, query), {}
        secret = self._source.secret(auth.secret).get_secret_value()
        return sign(auth, secret, self._host, path, query, at=datetime.now(UTC))

    def _read(self, answer: Answer) -> tuple[list[Listed], str | None]:
        top = parse_xml(answer.body)
        if local_name(top) != "ListBucketResult":
            raise GiveUp("The object store answered with something else than a list.")
        found, facts = [], dict[str, str]()
        for child in top.iterchildren("{*}*"):
            if local_name(child) == "Contents":
                facts_of = {local_name(one): one.text or "" for one in child.iterchildren("{*}*")}
                found.append(self._object(facts_of))
            else:
                facts[local_name(child)] = child.text or ""
        if facts.get("IsTruncated") != "true":
            return found, None
        token = facts.get("NextContinuationToken", "")
        if not token or len(token) > _TOKEN_CHARACTERS_MAX:
            raise GiveUp("The object store says that its list goes on, but not where.")
        return found, token

    def _object(self, facts: Mapping[str, str]) -> Listed:
        try:
            modified = datetime.fromisoformat(facts["LastModified"])
            size = int(facts["Size"])
        except (KeyError, ValueError):
            raise GiveUp("The object store lists an object without its size or time.") from None
        name = facts.get("Key", "").removeprefix(self._prefix)
        return Listed(name, size, modified.timestamp(), facts.get("ETag", ""))


def sign(
    auth: S3Auth, secret: str, host: str, path: str, query: Mapping[str, str], *, at: datetime
) -> tuple[str, dict[str, str]]:
    """Sign a GET request.

    Args:
        auth: Key id and region.
        secret: The secret key.
        host: What the Host header says.
        path: Path, not yet quoted.
        query: Parameters, not yet quoted.
        at: The moment of the request.

    Returns:
        The target and the headers.
    """
    moment = at.strftime("%Y%m%dT%H%M%SZ")
    scope = f"{moment[:8]}/{auth.region}/s3/aws4_request"
    given = {"host": host, "x-amz-content-sha256": _EMPTY, "x-amz-date": moment}
    names = ";".join(given)
    lines = "".join(f"{name}:{value}\n" for name, value in given.items())
    asked = f"GET\n{quote(path)}\n{_query(query)}\n{lines}\n{names}\n{_EMPTY}"
    digest = hashlib.sha256(asked.encode()).hexdigest()
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{digest}"
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    signed = (
        f"AWS4-HMAC-SHA256 Credential={auth.key_id}/{scope}, SignedHeaders={names}, "
        f"Signature={signature}"
    )
    headers = {"x-amz-content-sha256": _EMPTY, "x-amz-date": moment, "Authorization": signed}
    return _target(path, query), headers


def _target(path: str, query: Mapping[str, str]) -> str:
    return f"{quote(path)}?{_query(query)}" if query else quote(path)


def _query(query: Mapping[str, str]) -> str:
    return "&".join(
        f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in sorted(query.items())
    )
