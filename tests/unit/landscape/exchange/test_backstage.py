"""Backstage catalogues become elements and relationships; people stay out."""

from registry.landscape.exchange.backstage import read_backstage
from registry.landscape.exchange.check import forbidden
from registry.landscape.exchange.formats import Format, load_bytes
from registry.landscape.exchange.municipal import kind_of_element

CATALOGUE = b"""
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: Permit-Portal
  title: Permit portal
  description: Citizens ask for permits
  tags: [java, public]
  annotations: {a.example/slug: town/portal}
spec:
  type: website
  lifecycle: production
  owner: team-permits
  system: permits
  providesApis: [permit-api]
  consumesApis: ["api:default/person-api", other/away]
  dependsOn: ["resource:permit-db"]
---
kind: API
metadata: {name: permit-api}
spec: {type: openapi, owner: user:jane}
---
kind: API
metadata: {name: person-api}
---
kind: Resource
metadata: {name: permit-db}
spec: {type: database}
---
kind: System
metadata: {name: permits}
spec: {domain: living}
---
kind: Domain
metadata: {name: living}
---
kind: Group
metadata: {name: team-permits}
spec: {type: team, children: []}
---
kind: User
metadata: {name: jane}
---
"""


def test_entities_become_elements_of_the_right_kind() -> None:
    model, _ = read_backstage(CATALOGUE)
    assert [kind_of_element(model, e) for e in model.elements.values()] == [
        *("system", "interface", "interface", "data_set", "grouping", "domain", "organisation")
    ]
    portal = model.elements["component:default/permit-portal"]
    assert portal.name == "Permit portal"
    assert model.values(portal, "tag") == ["java", "public"]
    assert model.values(portal, "a.example/slug") == ["town/portal"]
    assert portal.line == 2


def test_what_entities_say_about_each_other_becomes_allowed_relationships() -> None:
    model, _ = read_backstage(CATALOGUE)
    told = {
        (r.kind.value, r.source.partition("/")[2], r.target.partition("/")[2], r.name)
        for r in model.relationships.values()
    }
    assert told == {
        ("serving", "person-api", "permit-portal", ""),
        ("association", "permit-portal", "permit-db", "depends on"),
        ("aggregation", "living", "permits", ""),
        ("association", "team-permits", "permit-portal", "owns"),
        ("composition", "permit-portal", "permit-api", ""),
        ("aggregation", "permits", "permit-portal", ""),
    }
    assert list(forbidden(model)) == []


def test_a_reference_out_of_the_file_is_reported_but_not_one_to_a_person() -> None:
    loaded = load_bytes(CATALOGUE, file="catalog-info.yaml")
    assert loaded.format is Format.BACKSTAGE
    assert [finding.rule for finding in loaded.findings] == ["outside_reference"]
    assert "api:other/away" in loaded.findings[0].what
    assert loaded.findings[0].line == 2
