"""Files on a WebDAV server, such as Nextcloud: PROPFIND for the list, GET for a file.

Source: RFC 4918, sections 9.1 and 15.
"""

from collections.abc import Sequence
from email.utils import parsedate_to_datetime
from typing import BinaryIO
from urllib.parse import quote, unquote, urlsplit

from lxml import etree

from connectors.files.remote import FILE_BYTES_MAX, Listed, RemoteFolder
from connectors.sdk.http import Answer, HttpClient
from connectors.sdk.sessions import open_http
from connectors.sdk.source import Source
from connectors.sdk.xml_values import parse_xml
from schemas.errors import GiveUp, RetryLater

_WANTED = (
    b'<?xml version="1.0"?><d:propfind xmlns:d="DAV:"><d:prop><d:resourcetype/>'
    b"<d:getcontentlength/><d:getlastmodified/><d:getetag/></d:prop></d:propfind>"
)
_HEADERS = {"Depth": "1", "Content-Type": "application/xml", "Accept": "application/xml"}


class WebDavFolder(RemoteFolder):
    """One collection of a WebDAV server."""

    def __init__(self, source: Source) -> None:
        super().__init__(f"{urlsplit(source.base_url).netloc}{urlsplit(source.base_url).path}")
        self._source = source
        self._http: HttpClient | None = None

    async def look(self) -> Sequence[Listed]:
        """Ask for the collection and what is right inside it."""
        if self._http is None:
            self._http = open_http(self._source)
        target = self._http.below("/")
        return await self._http.post(target, _WANTED, _HEADERS, _read, method="PROPFIND")

    async def download(self, listed: Listed, into: BinaryIO) -> None:
        """Get one file; If-Match makes a server that knows tags refuse a newer one."""
        assert self._http is not None  # the list came first
        target = self._http.below(f"/{quote(listed.name, safe='')}")
        strong = listed.tag if listed.tag.startswith('"') else ""
        headers = {"If-Match": strong} if strong else {}
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


def _read(answer: Answer) -> list[Listed]:
    """Read a multistatus answer; collections, the folder itself among them, are left out."""
    found = []
    for response in parse_xml(answer.body).iterfind("{DAV:}response"):
        properties = next(
            (
                part.find("{DAV:}prop")
                for part in response.iterfind("{DAV:}propstat")
                if " 200" in (part.findtext("{DAV:}status") or " 200")
            ),
            None,
        )
        path = unquote(urlsplit(response.findtext("{DAV:}href") or "").path)
        if properties is None or properties.find("{DAV:}resourcetype/{DAV:}collection") is not None:
            continue
        found.append(_listed(path.rsplit("/", 1)[-1], properties))
    return found


def _listed(name: str, properties: etree._Element) -> Listed:
    size = properties.findtext("{DAV:}getcontentlength") or ""
    try:
        modified = parsedate_to_datetime(properties.findtext("{DAV:}getlastmodified") or "")
    except ValueError:
        modified = None
    if not size.isdigit() or modified is None:
        raise GiveUp(
            "The WebDAV server does not say how large a file is, or when it was last written.",
            remedy="Without both, nobody can tell a whole file from half of one.",
        )
    return Listed(
        name, int(size[:19]), modified.timestamp(), properties.findtext("{DAV:}getetag") or ""
    )
