"""Open the folder that an address names: on this machine, by SFTP, by WebDAV or by S3."""

from dataclasses import replace
from urllib.parse import urlsplit

from connectors.files.folders import Folder, LocalFolder
from connectors.sdk.source import Source
from schemas.errors import InvalidInput

_ADDRESSES = {"dav": "http", "davs": "https", "s3": "https", "s3+http": "http"}
_SIGN_INS = {
    "file": {"none"},
    "sftp": {"ssh"},
    "dav": {"none", "basic", "bearer"},
    "davs": {"none", "basic", "bearer"},
    "s3": {"none", "s3"},
    "s3+http": {"none", "s3"},
}


def open_folder(source: Source) -> Folder:
    """Return the folder of a source; nothing is contacted before it is asked for its files.

    Raises:
        InvalidInput: The address names no folder we can open, or not with this way to sign in.
    """
    scheme = urlsplit(source.base_url).scheme
    known, auth = _SIGN_INS.get(scheme), source.spec.auth.type
    if known is None:
        raise InvalidInput(
            "The registered address must be a folder, as in file:///srv/exchange.",
            remedy=f"It begins with one of {', '.join(f'{one}:' for one in _SIGN_INS)}.",
        )
    if auth not in known:
        raise InvalidInput(
            f"A folder at {scheme}: is not opened with `auth` of type {auth}.",
            remedy=f"Use one of {', '.join(sorted(known))}.",
        )
    if scheme == "file":
        return LocalFolder(source.base_url)
    if scheme == "sftp":
        from connectors.files.sftp import SftpFolder

        return SftpFolder(source)
    # The rest is HTTP under another name; what follows the scheme stays as it is registered.
    address = _ADDRESSES[scheme] + source.base_url.removeprefix(scheme)
    over_http = replace(source, base_url=address)
    if scheme in ("dav", "davs"):
        from connectors.files.webdav import WebDavFolder

        return WebDavFolder(over_http)
    from connectors.files.s3 import S3Folder

    return S3Folder(over_http)
