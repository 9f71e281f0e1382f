"""How each style hands out its pages, and the table of all styles."""

import json
import re
from typing import Any

from tests.conformance.connectors import styles_of_records as shapes
from tests.conformance.connectors.styles import COUNT, PAGE, Asked, Style
from tests.contract.connectors.servers import Reply

PAGES = -(-COUNT // PAGE)


def jsonapi(asked: Asked) -> Reply:
    page, number = asked.numbered("page[number]"), int(asked.query.get("page[number]", 1))
    following = asked.link(**{"page[number]": number + 1}) if page.more else None
    links = {"self": asked.here, "next": following, "prev": None}
    return Reply.json({"data": page.records, "links": links, "meta": {"total": COUNT}})


def hal(asked: Asked) -> Reply:
    number = int(asked.query.get("page", 0))
    page = asked.numbered("page", 0)
    links = {"self": {"href": asked.here}}
    if page.more:
        links["next"] = {"href": asked.link(page=number + 1)}
    told = {"size": PAGE, "totalElements": COUNT, "totalPages": PAGES, "number": number}
    return Reply.json({"_embedded": {"customers": page.records}, "_links": links, "page": told})


def odata4(asked: Asked) -> Reply:
    page = asked.page(int(asked.query.get("$skiptoken", 0)))
    body: dict[str, Any] = {"@odata.context": "x#contacts", "value": page.records}
    if asked.query.get("$count") == "true":
        body["@odata.count"] = COUNT
    if page.more:
        body["@odata.nextLink"] = asked.link(**{"$skiptoken": page.end})
    return Reply.json(body)


def odata2(asked: Asked) -> Reply:
    page = asked.page(int(asked.query.get("$skiptoken", 0)))
    more = {"__next": asked.link(**{"$skiptoken": page.end})} if page.more else {}
    return Reply.json({"d": {"results": page.records, **more}})


def django(asked: Asked) -> Reply:
    page, number = asked.numbered("page"), int(asked.query.get("page", 1))
    if not page.records:
        return Reply.json({"detail": "Invalid page."}, status=404)
    following = asked.link(page=number + 1) if page.more else None
    told = {"count": COUNT, "next": following, "previous": None, "results": page.records}
    return Reply.json(told)


def django_offset(asked: Asked) -> Reply:
    page = asked.page(int(asked.query.get("offset", 0)))
    following = asked.link(limit=PAGE, offset=page.end) if page.more else None
    told = {"count": COUNT, "next": following, "previous": None, "results": page.records}
    return Reply.json(told)


def spring(asked: Asked) -> Reply:
    page, number = asked.numbered("page", 0), int(asked.query.get("page", 0))
    told = {"totalElements": COUNT, "totalPages": PAGES, "size": PAGE, "number": number,
            "first": number == 0, "last": not page.more, "empty": not page.records}  # fmt: skip
    return Reply.json({"content": page.records, "pageable": {"pageNumber": number}, **told})


def link_header(asked: Asked) -> Reply:
    page, number = asked.numbered("page"), int(asked.query.get("page", 1))
    links = [f'<{asked.link(page=1)}>; rel="first"']
    if page.more:
        links.insert(0, f'<{asked.link(page=number + 1)}>; rel="next"')
    return Reply.json(page.records, headers={"Link": ", ".join(links)})


def stripe(asked: Asked) -> Reply:
    after = asked.query.get("starting_after", "cus_0")
    if not re.fullmatch("cus_[0-9]+", after):
        return Reply.json({"error": "no such customer"}, status=400)
    page = asked.page(int(after.removeprefix("cus_")))
    told = {"object": "list", "url": "/v1/customers", "has_more": page.more, "data": page.records}
    return Reply.json(told)


def laravel(asked: Asked) -> Reply:
    page, number = asked.numbered("page"), int(asked.query.get("page", 1))
    following = f"{asked.here}?page={number + 1}" if page.more else None  # as it is made there
    links = {"first": asked.here, "last": asked.here, "prev": None, "next": following}
    meta = {"current_page": number, "last_page": PAGES, "per_page": PAGE, "total": COUNT}
    return Reply.json({"data": page.records, "links": links, "meta": meta})


def scim(asked: Asked) -> Reply:
    page = asked.page(int(asked.query.get("startIndex", 1)) - 1)
    told = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
            "totalResults": COUNT, "startIndex": page.start + 1,
            "itemsPerPage": len(page.records), "Resources": page.records}  # fmt: skip
    return Reply.json(told)


def relay(asked: Asked) -> Reply:
    variables = json.loads(asked.body)["variables"]
    after = variables.get("after")
    page = asked.page(0 if after is None else int(after.removeprefix("c")))
    info = {"hasNextPage": page.more, "endCursor": f"c{page.end}"}
    edges = [{"node": one} for one in page.records]
    return Reply.json({"data": {"customers": {"totalCount": COUNT, "edges": edges,
                                              "pageInfo": info}}})  # fmt: skip


def total_header(asked: Asked) -> Reply:
    page = asked.numbered("pagina")
    return Reply.json(page.records, headers={"X-Total-Count": str(COUNT)})


def german(asked: Asked) -> Reply:
    page = asked.page(int(asked.query.get("Offset", 0)))
    return Reply.json({"Einwohner": page.records, "GesamtAnzahl": COUNT, "Offset": page.start})


def french(asked: Asked) -> Reply:
    page, number = asked.numbered("page"), int(asked.query.get("page", 1))
    following = number + 1 if page.more else None
    told = {"usagers": page.records, "nombre_total": COUNT, "page_suivante": following}
    return Reply.json(told)


def slack(asked: Asked) -> Reply:
    page = asked.page(int(asked.query.get("cursor", "t0").removeprefix("t") or 0))
    meta = {"next_cursor": f"t{page.end}" if page.more else ""}
    told = {"ok": True, "cache_ts": 1, "members": page.records, "response_metadata": meta}
    return Reply.json(told)


def google(asked: Asked) -> Reply:
    page = asked.page(int(asked.query.get("pageToken", "t0").removeprefix("t")))
    more = {"nextPageToken": f"t{page.end}"} if page.more else {}
    return Reply.json({"contacts": page.records, "totalSize": COUNT, **more})


def zendesk(asked: Asked) -> Reply:
    page, number = asked.numbered("page"), int(asked.query.get("page", 1))
    following = asked.link(page=number + 1) if page.more else None
    told = {"users": page.records, "next_page": following, "previous_page": None, "count": COUNT}
    return Reply.json(told)


def zendesk_cursor(asked: Asked) -> Reply:
    page = asked.page(int(asked.query.get("page[after]", "t0").removeprefix("t")))
    meta = {"has_more": page.more, "after_cursor": f"t{page.end}", "before_cursor": "x"}
    links = {"next": asked.link(**{"page[after]": f"t{page.end}"}), "prev": None}
    if not page.more:
        links["next"] = None
    return Reply.json({"end_users": page.records, "meta": meta, "links": links})


def hubspot(asked: Asked) -> Reply:
    page = asked.page(int(asked.query.get("after", 0)))
    following = {"after": str(page.end), "link": asked.link(after=page.end)}
    return Reply.json({"results": page.records, **({"paging": {"next": following}}
                                                   if page.more else {})})  # fmt: skip


def mailchimp(asked: Asked) -> Reply:
    page = asked.page(int(asked.query.get("offset", 0)))
    told = {"members": page.records, "list_id": "l", "total_items": COUNT, "_links": []}
    return Reply.json(told)


def afas(asked: Asked) -> Reply:
    page = asked.page(int(asked.query.get("skip", 0)))
    return Reply.json({"skip": page.start, "take": PAGE, "rows": page.records})


def shop(asked: Asked) -> Reply:
    if "page_info" in asked.query and set(asked.query) - {"page_info", "limit"}:
        return Reply.json({"errors": "page_info cannot be combined"}, status=400)
    page = asked.page(int(asked.query.get("page_info", "t0").removeprefix("t")))
    link = f'<{asked.here}?limit={PAGE}&page_info=t{page.end}>; rel="next"'
    headers = {"Link": link} if page.more else {"Link": f'<{asked.here}>; rel="previous"'}
    return Reply.json({"customers": page.records}, headers=headers)


def wordpress(asked: Asked) -> Reply:
    page = asked.numbered("page")
    if not page.records:
        return Reply.json({"code": "rest_post_invalid_page_number"}, status=400)
    headers = {"X-WP-Total": str(COUNT), "X-WP-TotalPages": str(PAGES)}
    return Reply.json(page.records, headers=headers)


def total_pages(asked: Asked) -> Reply:
    page, number = asked.numbered("page"), int(asked.query.get("page", 1))
    if not page.records:
        return Reply.json({"success": False}, status=404)
    told = {"currentPage": number, "totalPages": PAGES, "perPage": PAGE}
    return Reply.json({"success": True, "data": {"items": page.records, "pagination": told}})


def last_flag(asked: Asked) -> Reply:
    page = asked.numbered("pageNumber", 0)
    if not page.records:
        return Reply.json({"error": "beyond the end"}, status=400)
    return Reply.json({"ratepayers": page.records, "hasNext": page.more})


def haal_centraal(asked: Asked) -> Reply:
    page, number = asked.numbered("page"), int(asked.query.get("page", 1))
    links = {"self": {"href": asked.here}}
    if page.more:
        links["next"] = {"href": f"?page={number + 1}"}
    return Reply.json({"_links": links, "_embedded": {"ingeschrevenpersonen": page.records}})


def one_list(asked: Asked) -> Reply:
    return Reply.json([asked.page(start).records[0] for start in range(COUNT)])


def salesforce(asked: Asked) -> Reply:
    page = asked.page(int(asked.query.get("from", 0)))
    more = {"nextRecordsUrl": f"/services/data/contacts?from={page.end}"} if page.more else {}
    told = {"totalSize": COUNT, "done": not page.more, "records": page.records, **more}
    return Reply.json(told)


def ckan(asked: Asked) -> Reply:
    page = asked.page(int(asked.query.get("offset", 0)))
    result = {"fields": [{"id": "_id", "type": "int"}], "records": page.records, "total": COUNT}
    return Reply.json({"help": "x", "success": True, "result": result})


def fhir(asked: Asked) -> Reply:
    page = asked.page(int(asked.query.get("_offset", 0)))
    links = [{"relation": "self", "url": asked.here}]
    if page.more:
        links.append({"relation": "next", "url": asked.link(_offset=page.end)})
    told = {"resourceType": "Bundle", "type": "searchset", "total": COUNT, "link": links}
    return Reply.json({**told, "entry": page.records})


def keycloak(asked: Asked) -> Reply:
    return Reply.json(asked.page(int(asked.query.get("first", 0))).records)


NAMES, MAIL, BORN, SEX = "given_name family_name", "email phone", "birth_date", "gender"
PLACE, LINE = "street house_number postal_code city", "line postal_code city"
ALL = f"{NAMES} {BORN} {MAIL} {PLACE}"
GRAPH = "$top $select $orderby $skiptoken"
DYNAMICS = "$count $skiptoken $filter $select"
GRAPHQL = f"{ALL} {SEX}"

STYLES = [
    Style("jsonapi.yaml", "/v1/people", "page[number] page[size]", shapes.jsonapi, jsonapi,
          lambda p: str(p.number), ALL, "page[size]"),
    Style("hal.json", "/customers", "page size sort", shapes.hal, hal,
          lambda p: f"C{p.number}", ALL, "size"),
    Style("odata4.xml", "/contacts", DYNAMICS, shapes.dynamics, odata4,
          lambda p: f"guid-{p.number}", f"{NAMES} {BORN} {MAIL} {LINE}", kind="odata"),
    Style("odata-openapi.yaml", "/v1.0/users", GRAPH, shapes.graph, odata4,
          lambda p: f"guid-{p.number}", f"{NAMES} {BORN} {MAIL} {LINE}"),
    Style("odata2.yaml", "/api/v1/crm/Contacts", "$select $filter $skiptoken", shapes.relatie,
          odata2, lambda p: f"guid-{p.number}", f"{ALL} {SEX}"),
    Style("django.yaml", "/api/members/", "page page_size updated_after", shapes.django, django,
          lambda p: str(p.number), f"{ALL} {SEX}", "page_size"),
    Style("django-offset.yaml", "/api/volunteers/", "limit offset", shapes.volunteer,
          django_offset, lambda p: str(p.number), f"{NAMES} {BORN} {MAIL} {LINE}", "limit"),
    Style("spring.json", "/api/residents", "page size sort", shapes.resident, spring,
          lambda p: str(p.number), f"{ALL} {SEX}", "size"),
    Style("link-header.yaml", "/api/v3/volunteers", "page per_page", shapes.by_link, link_header,
          lambda p: str(p.number), f"{NAMES} {BORN} {MAIL} {LINE}", "per_page"),
    Style("stripe.json", "/v1/customers", "limit starting_after ending_before email created",
          shapes.payer, stripe, lambda p: f"cus_{p.number}", f"{NAMES} {MAIL} {LINE}", "limit"),
    Style("laravel.yaml", "/api/leden", "page per_page", shapes.lid, laravel,
          lambda p: f"L{p.number}", f"{ALL} {SEX}"),
    Style("scim.yaml", "/scim/v2/Users", "startIndex count filter", shapes.scim, scim,
          lambda p: f"u{p.number}", f"{NAMES} {MAIL} {LINE}", "count"),
    Style("relay.graphql", "/graphql", "", shapes.node, relay,
          lambda p: f"Q3Vz{p.number}", GRAPHQL, kind="graphql"),
    Style("swagger-total.json", "/api/v1/bewoners", "pagina paginaGrootte", shapes.bewoner,
          total_header, lambda p: str(p.number), f"{ALL} {SEX}", "paginaGrootte"),
    Style("german.yaml", "/rest/Einwohner", "Offset Limit", shapes.einwohner, german,
          lambda p: str(p.number), f"{ALL} {SEX}", "Limit"),
    Style("french.yaml", "/api/usagers", "page taille", shapes.usager, french,
          lambda p: f"U-{p.number}", f"{ALL} {SEX}", "taille"),
    Style("cursor.yaml", "/api/users.list", "cursor limit include_locale", shapes.chatter, slack,
          lambda p: f"U{p.number:04}", f"{NAMES} {BORN} {MAIL}", "limit"),
    Style("google.json", "/v1/contacts", "pageSize pageToken", shapes.google, google,
          lambda p: f"g{p.number}", f"{NAMES} {BORN} {MAIL} {LINE}", "pageSize"),
    Style("zendesk.yaml", "/api/v2/users", "role page", shapes.user, zendesk,
          lambda p: str(p.number), f"{NAMES} {MAIL}"),
    Style("zendesk-cursor.yaml", "/api/v2/end_users", "page[size] page[after] page[before]",
          shapes.end_user, zendesk_cursor, lambda p: str(p.number), f"{NAMES} {MAIL}",
          "page[size]"),
    Style("hubspot.json", "/crm/v3/objects/contacts", "limit after archived", shapes.hubspot,
          hubspot, lambda p: str(p.number), f"{NAMES} {BORN} {MAIL} {LINE}", "limit"),
    Style("mailchimp.json", "/3.0/members", "fields count offset since_last_changed",
          shapes.reader, mailchimp, lambda p: f"{p.number:032x}", f"{NAMES} {BORN} {MAIL}",
          "count"),
    Style("afas.yaml", "/profitrestservices/connectors/Personen", "skip take", shapes.afas, afas,
          lambda p: f"{p.number:07}", ALL, "take"),
    Style("shop.yaml", "/admin/api/customers.json", "limit page_info updated_at_min",
          shapes.buyer, shop, lambda p: str(p.number), f"{NAMES} {MAIL} {LINE}", "limit"),
    Style("wordpress.json", "/wp-json/wp/v2/members", "page per_page", shapes.neighbour,
          wordpress, lambda p: str(p.number), ALL, "per_page"),
    Style("total-pages.yaml", "/members", "page limit", shapes.member, total_pages,
          lambda p: f"{p.number:024x}", ALL, "limit"),
    Style("last-flag.yaml", "/ratepayers", "pageNumber pageSize", shapes.ratepayer, last_flag,
          lambda p: str(p.number), f"{NAMES} {BORN} {MAIL} {LINE}", "pageSize"),
    Style("haal-centraal.yaml", "/haalcentraal/api/brp/ingeschrevenpersonen", "page pageSize",
          shapes.persoon, haal_centraal, lambda p: f"{999990000 + p.number}",
          f"{NAMES} {BORN} {PLACE} {SEX}", "pageSize"),
    Style("one-list.yaml", "/board", "", shapes.board, one_list, lambda p: f"B{p.number}",
          f"{NAMES} {BORN} {MAIL} {LINE}"),
    Style("salesforce.yaml", "/services/data/contacts", "from", shapes.contact, salesforce,
          lambda p: f"003{p.number:012}", f"{NAMES} {BORN} {MAIL} {LINE}"),
    Style("ckan.yaml", "/api/3/action/datastore_search", "limit offset", shapes.row, ckan,
          lambda p: str(p.number), ALL, "limit"),
    Style("keycloak.yaml", "/admin/realms/town/users", "first max search", shapes.account,
          keycloak, lambda p: f"k{p.number}", f"{NAMES} email", "max"),
    Style("fhir.yaml", "/fhir/Patient", "_count _lastUpdated _offset", shapes.patient, fhir,
          lambda p: f"pat-{p.number}", f"{NAMES} {BORN} {MAIL} {LINE} {SEX}", "_count"),
]  # fmt: skip
"""Every style; `line` among the fields is a street with its house number."""
