"""Names that sources give to things, in Dutch, English, German and French, reduced to one form."""

import re
from functools import lru_cache

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_PARTING = re.compile(r"[^a-z0-9]+")
_ACCENTS = str.maketrans(
    dict(zip("àáâäçèéêëìíîïñòóôöùúûü", "aaaaceeeeiiiinoooouuuu", strict=True)) | {"ß": "ss"}
)


@lru_cache(maxsize=20_000)
def plain(name: str) -> str:
    """Reduce a name to small letters and digits: `voorNaam`, `voor_naam` and `Voor naam` agree."""
    return _PARTING.sub("", name.lower().translate(_ACCENTS))


def tokens(name: str) -> list[str]:
    """Split a name into its words."""
    return [
        part for part in _PARTING.split(_HUMP.sub(" ", name).lower().translate(_ACCENTS)) if part
    ]


# Lists in the order in which they win.
RECORDS = (
    "results", "items", "data", "value", "records", "resources", "entries", "content", "hits",
    "rows", "list", "elements", "objects", "resultaten", "ergebnisse", "resultats", "member",
    "entry", "features",
)  # fmt: skip
WRAPPERS = ("embedded", "data", "result", "response", "payload", "d", "page", "collection", "body")
TOTALS = (
    "total", "totalcount", "totalitems", "totalelements", "totalresults", "totalrecords",
    "totalhits", "odatacount", "resultcount", "aantal", "totaal", "totaalaantal", "gesamt",
    "anzahl", "totalentries", "counttotal",
    "totalsize", "nombretotal", "numbermatched", "gesamtanzahl", "totalrows",
    "totalrecordcount",
)  # fmt: skip
NEXT_LINKS = ("next", "nextlink", "nexturl", "nexthref", "odatanextlink", "nextpageurl", "volgende",
    "nextrecordsurl", "nextpagelink", "nextpagehref", "nextpath", "volgendepagina", "naechsteseite",
    "nachsteseite", "suivant", "pagesuivante")  # fmt: skip
NEXT_TOKENS = (
    "nextcursor", "nextpagetoken", "nexttoken", "nextmarker", "cursor", "continuationtoken",
    "endcursor", "nextpagecursor", "after", "nextpage", "marker", "scrollid", "nextid",
)  # fmt: skip
CURSOR_PARAMETERS = (
    "cursor", "pagetoken", "nexttoken", "continuationtoken", "after", "marker", "startingafter",
    "scrollid", "pagecursor", "token", "startcursor", "nextpagetoken", "nextcursor",
)  # fmt: skip
PAGE_PARAMETERS = (
    "page", "pagenumber", "pagenum", "pageno", "pageindex", "pagina", "paginanummer", "seite",
    "currentpage", "p", "bladzijde", "bladzijdenummer", "seitennummer", "numeropage",
)  # fmt: skip
NEXT_PAGES = ("nextpage", "nextpagenumber", "nextpagetoken", "nextpageid", "pagenext")
LAST_PARAMETERS = ("startingafter", "after", "afterid", "lastid", "sinceid", "startafter",
    "lastkey", "afterkey", "startafterid", "fromid", "marker")  # fmt: skip
MORE = ("hasmore", "more", "hasnext", "hasnextpage", "ismore", "moreresults", "hasmoreitems",
    "moreavailable", "istruncated", "truncated", "meerresultaten", "hasmoreresults",
    "moreitemsincollection", "hasnextitems", "weitere", "suite")  # fmt: skip
OFFSET_PARAMETERS = ("offset", "skip", "startindex", "start", "from", "startat", "debut",
    "overslaan", "vanaf", "decalage", "versatz", "startrow", "startrecord")  # fmt: skip
SIZE_PARAMETERS = (
    "pagesize", "perpage", "limit", "size", "top", "count", "maxresults", "pagelimit", "rows",
    "maxitems", "first", "take", "itemsperpage", "resultsperpage", "aantal", "max", "pagelength",
    "numperpage", "nperpage", "limiet", "aantalperbladzijde",
    "anzahlproseite", "taille", "taillepage", "paginagrootte", "seitengroesse", "parpage",
    "perpagina", "maxpagesize",
)  # fmt: skip
TOTAL_HEADERS = ("xtotalcount", "xtotal", "totalcount", "xwptotal", "xcount", "xpaginationcount",
    "xtotalrecords", "xresultcount", "xpaginationtotalcount")  # fmt: skip
PAGES = ("totalpages", "pagecount", "lastpage", "pages", "numpages", "numberofpages",
    "totalpagecount", "pagetotal", "aantalpaginas", "totaalpaginas", "seitenanzahl", "nombrepages",
    "nombredepages", "maxpage")  # fmt: skip
PAGE_HEADERS = ("xwptotalpages", "xtotalpages", "xpagecount", "xpaginationpagecount", "totalpages",
    "xpages")  # fmt: skip
LAST = ("last", "islast", "lastpage", "islastpage", "done", "endofrecords", "finished", "laatste")
KEYS_OF_MACHINES = ("uuid", "id", "guid", "pk", "uid", "oid", "rowid")
KEYS = (
    "identificatie", "identifier", "identificatiecode", "nummer", "number",
    "code", "key", "sleutel", "kennung", "identifiant", "objectid",
)  # fmt: skip
CHANGED = (
    "updatedat", "modifiedat", "changedat", "lastmodified", "updated", "modified", "lastupdated",
    "updatedon", "modifiedon", "changedon", "lastmodifieddate", "lastchanged", "dateupdated",
    "datemodified", "wijzigingsdatum", "gewijzigdop", "laatstgewijzigd", "laatstgewijzigdop",
    "datumgewijzigd", "mutatiedatum", "tijdstipmutatie", "geaendertam", "geandertam",
    "letzteaenderung", "aenderungsdatum", "modifiele", "datemodification", "dernieremodification",
    "updatetime", "modificationdate", "lastupdatedat", "lastupdatetime", "registratietijdstip",
    "modificationtime", "dateupdatedat",
)  # fmt: skip
SINCE_PARAMETERS = (
    "updatedsince", "modifiedsince", "changedsince", "since", "updatedafter", "modifiedafter",
    "changedafter", "updatedfrom", "modifiedfrom", "lastmodifiedafter", "gewijzigdsinds",
    "gewijzigdvanaf", "updatedgte", "ifmodifiedsince", "geaendertseit", "modifiedsincedate",
    "modifiedsinceutc", "fromdate",
)  # fmt: skip
SINCE_ENDINGS = ("gte", "gt", "from", "after", "since", "vanaf", "ge", "min")
