"""Addresses that strangers send stay words on the page that answers them."""

from urllib.parse import quote

from tests.unit.web.hostile import PAYLOADS, shape_of
from tests.unit.web.town import Client


def test_no_address_lets_them_out(client: Client) -> None:
    for payload in PAYLOADS:
        words = quote(payload)
        for address in (
            f"/systems/{words}",
            f"/landscape?colour={words}",
            f"/landscape?domain={words}",
            f"/quarantine?source={words}",
            f"/{words}",
            f"/static/{words}",
        ):
            answer = client.get(address)
            assert answer.status_code < 500, address
            if "html" in answer.headers["content-type"]:
                shape_of(answer.text)
                assert "\n" not in answer.headers["content-security-policy"]
