"""A hundred words that would like to be markup, and a reader that notices when one succeeds."""

import re
from html.parser import HTMLParser

ALERT = "alert(1)"
TAGS = ("script", "img", "svg", "iframe", "style", "a", "input", "body", "math", "details")
PAYLOADS = [
    # Markup, however it is spelt.
    *(f"<{tag} onload={ALERT} onerror={ALERT}>" for tag in TAGS),
    *(f'"><{tag} src=x onerror={ALERT}>' for tag in TAGS),
    *(f"'><{tag}/onmouseover={ALERT}//" for tag in TAGS),
    *(f"</{tag}><script>{ALERT}</script>" for tag in ("title", "text", "a", "td", "svg", "pre")),
    *(f"]]><{tag}>" for tag in TAGS[:6]),
    *(f"<!--><{tag} {ALERT}>-->" for tag in TAGS[:6]),
    *(f"<{tag.upper()}\t\n>" for tag in TAGS[:6]),
    f"<svg><animate onbegin={ALERT} attributeName=x dur=1s>",
    f'<a href="javascript:{ALERT}">',
    f"<math><mtext></form><form><mglyph><style></math><img src onerror={ALERT}>",
    "<base href=//evil.example>",
    "<meta http-equiv=refresh content=0;url=//evil.example>",
    "<form action=//evil.example><button>",
    # Attributes, templates, entities, other encodings.
    *(f"{mark} onfocus={ALERT} autofocus x={mark}" for mark in ('"', "'", "`", "&quot;", "&#34;")),
    *("{{ 7*7 }}", "{% raw %}", "${7*7}", "#{7*7}", "{{ ''.__class__ }}", "<%= 7*7 %>"),
    *("&lt;script&gt;", "&#60;script&#62;", "&#x3c;b&#x3e;", "&amp;lt;", "\\u003cscript\\u003e"),
    *("%3Cscript%3E", "+ADw-script+AD4-", "\uff1cscript\uff1e", "‹script›", "<scr\u200bipt>"),
    # Addresses.
    *(f"{scheme}:{ALERT}" for scheme in ("javascript", "JaVaScRiPt", "java\tscript", "vbscript")),
    *("data:text/html,<script>", "//evil.example/x", "https://evil.example", "\\\\evil.example\\x"),
    *("../../../etc/passwd", "..%2f..%2f", "?colour=<b>", "#<b>", '/systems/"onclick=' + ALERT),
    # Letters that pictures and terminals obey.
    *("\u202egnp.exe", "\u2066hidden\u2069", "a" + "\u0301" * 60, "\ufeffx", "x\u2028y\u2029z"),
    *("W" * 300, "😀" * 60, "\x1b[31mred", "\x07\x08\x7f", "a\r\nSet-Cookie: a=b"),
]
# What our templates and pictures are made of.
ELEMENTS = frozenset(
    re.findall(
        r"\S+",
        "a body br caption circle code dd defs div dl dt em footer g h1 h2 h3 head header html li "
        "link main meta nav p path rect section span strong svg table tbody td text th thead title "
        "tr ul use",
    )
)
ATTRIBUTES = frozenset(
    re.findall(
        r"\S+",
        "aria-current aria-hidden aria-label aria-labelledby charset class colspan content cx cy d "
        "height href id lang name r rel role rx scope tabindex type viewbox width x xmlns y",
    )
)


class Shape(HTMLParser):
    """Reads a page as a browser would and keeps its elements, attributes, addresses and words."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self.addresses: set[str] = set()
        self.words: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.addresses |= {value or "" for name, value in attrs if name in {"href", "src"}}

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def shape_of(page: str) -> Shape:
    """Read a page and check that it is made of nothing but what our templates are made of."""
    shape = Shape(page)
    assert shape.elements <= ELEMENTS, shape.elements - ELEMENTS
    assert shape.attributes <= ATTRIBUTES, shape.attributes - ATTRIBUTES
    assert all(re.match(r"/(?!/)|#", address) for address in shape.addresses)
    return shape
