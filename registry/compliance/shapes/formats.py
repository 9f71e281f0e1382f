"""Formats of texts and numbers, with the same verdicts as ajv-formats 2 in its full mode.

Sources: RFC 3339 (dates), RFC 3986 (URIs), RFC 4122 (UUIDs), RFC 6901 (pointers), OpenAPI 3.0.0.
"""

import re
from calendar import isleap
from collections.abc import Callable
from typing import Any

from registry.compliance.regexes import InvalidRegex, RegexTooSlow, regex_of

_DAYS = (0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})\Z")
_TIME = re.compile(
    r"([0-9]{2}):([0-9]{2}):([0-9]{2})(\.[0-9]+)?(z|[+-][0-9]{2}(?::?[0-9]{2})?)?\Z", re.IGNORECASE
)


def _date(text: str) -> bool:
    match = _DATE.match(text)
    if match is None:
        return False
    year, month, day = map(int, match.groups())
    if not 1 <= month <= 12:
        return False
    return 1 <= day <= (29 if month == 2 and isleap(year) else _DAYS[month])


def _time(text: str) -> bool:
    match = _TIME.match(text)
    if match is None:
        return False
    hour, minute, second = int(match[1]), int(match[2]), int(match[3])
    return (hour <= 23 and minute <= 59 and second <= 59) or (hour, minute, second) == (23, 59, 60)


def _date_time(text: str) -> bool:
    parts = re.split(r"t|\s", text, flags=re.IGNORECASE)
    return len(parts) == 2 and _date(parts[0]) and _time(parts[1])


_OCTET = r"(?:25[0-5]|2[0-4][0-9]|[01]?[0-9][0-9]?)"
_IPV4 = rf"(?:{_OCTET}\.){{3}}{_OCTET}"
_HEX = r"[0-9a-f]{1,4}"
_PAIR = rf"(?:{_HEX}:{_HEX}|{_IPV4})"
# RFC 3986, appendix A: the nine shapes of an IPv6 address.
_IPV6 = "|".join(
    [rf"(?:{_HEX}:){{6}}{_PAIR}", rf"::(?:{_HEX}:){{5}}{_PAIR}"]
    + [
        rf"(?:(?:{_HEX}:){{0,{before}}}{_HEX})?::(?:{_HEX}:){{{4 - before}}}{_PAIR}"
        for before in range(5)
    ]
    + [rf"(?:(?:{_HEX}:){{0,5}}{_HEX})?::{_HEX}", rf"(?:(?:{_HEX}:){{0,6}}{_HEX})?::"]
)
_ESCAPED = r"%[0-9a-f]{2}"
_PATH_SIGN = rf"(?:[a-z0-9\-._~!$&'\"()*+,;=:@]|{_ESCAPED})"
_AFTER_SIGN = rf"(?:[a-z0-9\-._~!$&'\"()*+,;=:@/?]|{_ESCAPED})"


def _uri_pattern(scheme: str, path_sign: str, after_sign: str) -> re.Pattern[str]:
    user = rf"(?:(?:[a-z0-9\-._~!$&'()*+,;=:]|{_ESCAPED})*@)?"
    name = rf"(?:{path_sign.replace(':@', '')})*"
    literal = rf"\[(?:{_IPV6}|v[0-9a-f]+\.[a-z0-9\-._~!$&'()*+,;=:]+)\]"
    host = rf"(?:{literal}|{_IPV4}|{name})"
    rooted = rf"/(?:{path_sign}+(?:/{path_sign}*)*)?"
    rootless = rf"{path_sign}+(?:/{path_sign}*)*"
    hierarchy = rf"(?:/?/{user}{host}(?::[0-9]*)?(?:/{path_sign}*)*|{rooted}|{rootless})"
    if scheme.endswith("?"):
        hierarchy += "?"
    tail = rf"(?:\?{after_sign}*)?(?:\#{after_sign}*)?"
    return re.compile(rf"{scheme}{hierarchy}{tail}\Z", re.IGNORECASE)


_SCHEME = r"(?:[a-z][a-z0-9+\-.]*:)"
_URI = _uri_pattern(_SCHEME, _PATH_SIGN.replace('\\"', ""), _AFTER_SIGN.replace('\\"', ""))
_URI_REFERENCE = _uri_pattern(_SCHEME + "?", _PATH_SIGN, _AFTER_SIGN)


def _uri(text: str) -> bool:
    return ("/" in text or ":" in text) and _URI.match(text) is not None


def _matches(pattern: str, *, ignore_case: bool = False) -> Callable[[str], bool]:
    compiled = re.compile(pattern + r"\Z", re.IGNORECASE if ignore_case else 0)
    return lambda text: compiled.match(text) is not None


def _regex(text: str) -> bool:
    if re.search(r"[^\\]\\Z", text):
        return False
    try:
        regex_of(text)
    except (InvalidRegex, RegexTooSlow):
        return False
    return True


def _byte(text: str) -> bool:
    return any(_BASE64(line) for line in re.split(r"\r\n|[\n\r\u2028\u2029]", text))


_BASE64 = _matches(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_WORD = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_SHORT_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_VARIABLE = r"(?:[a-z0-9_]|%[0-9a-f]{2})+(?::[1-9][0-9]{0,3}|\*)?"
_WEB = "a-z0-9\u00a1-\uffff"
_PUBLIC = (
    r"(?!(?:10|127)(?:\.[0-9]{1,3}){3})(?!(?:169\.254|192\.168)(?:\.[0-9]{1,3}){2})"
    r"(?!172\.(?:1[6-9]|2[0-9]|3[0-1])(?:\.[0-9]{1,3}){2})(?:[1-9][0-9]?|1[0-9][0-9]|2[01][0-9]|22[0-3])"
    r"(?:\.(?:1?[0-9]{1,2}|2[0-4][0-9]|25[0-5])){2}(?:\.(?:[1-9][0-9]?|1[0-9][0-9]|2[0-4][0-9]|25[0-4]))"
)
_URL = (
    rf"(?:https?|ftp)://(?:\S+(?::\S*)?@)?(?:{_PUBLIC}|"
    rf"(?:(?:[{_WEB}]+-)*[{_WEB}]+)(?:\.(?:[{_WEB}]+-)*[{_WEB}]+)*(?:\.[a-z\u00a1-\uffff]{{2,}}))"
    r"(?::[0-9]{2,5})?(?:/\S*)?"
)
_POINTER = r"(?:/(?:[^~/]|~0|~1)*)*"


def _whole(value: Any) -> bool:
    return isinstance(value, int) or (isinstance(value, float) and value.is_integer())


def _int32(value: Any) -> bool:
    return _whole(value) and -(2**31) <= value <= 2**31 - 1


def _anything(_value: Any) -> bool:
    return True


_IPV6_PARTS = re.compile(rf"(?:{_IPV6})\Z", re.IGNORECASE)

_TEXT: dict[str, Callable[[str], bool]] = {
    "date": _date,
    "time": _time,
    "date-time": _date_time,
    "duration": _matches(r"P(?!$)((\d+Y)?(\d+M)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+S)?)?|(\d+W)?)"),
    "uri": _uri,
    "uri-reference": lambda text: _URI_REFERENCE.match(text) is not None,
    "uri-template": _matches(
        r"(?:(?:[^\x00-\x20\"'<>%\\^`{|}]|%[0-9a-f]{2})|"
        rf"\{{[+#./;?&=,!@|]?{_VARIABLE}(?:,{_VARIABLE})*\}})*",
        ignore_case=True,
    ),
    "url": lambda text: regex_of(f"^{_URL}$", "i").test(text),
    "email": lambda text: regex_of(rf"^{_WORD}(?:\.{_WORD})*@(?:{_LABEL}\.)+{_LABEL}$", "i").test(
        text
    ),
    "hostname": _matches(
        rf"(?=.{{1,253}}\.?$){_SHORT_LABEL}(?:\.{_SHORT_LABEL})*\.?", ignore_case=True
    ),
    "ipv4": _matches(_IPV4),
    "ipv6": lambda text: _IPV6_PARTS.match(text) is not None,
    "regex": _regex,
    "uuid": _matches(
        r"(?:urn:uuid:)?[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", ignore_case=True
    ),
    "json-pointer": _matches(_POINTER),
    "json-pointer-uri-fragment": _matches(
        r"#(?:/(?:[a-z0-9_\-.!$&'()*+,;:=@]|%[0-9a-f]{2}|~0|~1)*)*", ignore_case=True
    ),
    "relative-json-pointer": _matches(rf"(?:0|[1-9][0-9]*)(?:#|{_POINTER})"),
    "byte": _byte,
    "password": _anything,
    "binary": _anything,
}
_NUMERIC: dict[str, Callable[[Any], bool]] = {
    "int32": _int32,
    "int64": _whole,
    "float": _anything,
    "double": _anything,
}
FORMATS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    **{name: ("string", test) for name, test in _TEXT.items()},
    **{name: ("number", test) for name, test in _NUMERIC.items()},
}
