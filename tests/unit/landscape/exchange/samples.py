"""Small models of our own that use every corner of the formats."""

from pathlib import Path

NS3 = 'xmlns="http://www.opengroup.org/xsd/archimate/3.0/"'
XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'

_MODELS = Path(__file__).parent / "models"
EXCHANGE = (_MODELS / "exchange-3.xml").read_text()
EXCHANGE_2 = (_MODELS / "exchange-2.xml").read_text()
ARCHI = (_MODELS / "town.archimate").read_text()


def exchange(body: str, *, attributes: str = "") -> bytes:
    """Return a model with this body, for tests that need one thing only."""
    return f'<model {NS3} {XSI} identifier="m" {attributes}><name>M</name>{body}</model>'.encode()


def element(thing: str, kind: str = "Node") -> str:
    return f'<element identifier="{thing}" xsi:type="{kind}"><name>{thing}</name></element>'
