"""A small town's landscape beside a small reference architecture, to ask questions of."""

from typing import Any

from registry.landscape.exchange.model import (
    Connection,
    Dialect,
    Element,
    Model,
    Node,
    Relationship,
    Text,
    View,
)
from registry.landscape.exchange.model import Property as Said
from registry.landscape.exchange.municipal import define, kind_property
from registry.landscape.metamodel import concept_of
from registry.landscape.questions.graph import LandscapeGraph
from registry.landscape.questions.model_graph import graph_of_model
from schemas.landscape_kinds import RelationshipKind


class Draft:
    """Builds a model in a few words."""

    def __init__(self) -> None:
        self.model = Model(id="id-town", names=(Text("Town"),), dialect=Dialect.EXCHANGE)

    def add(self, kind: str, name: str, description: str = "", key: str = "", **said: str) -> str:
        """Add an element; its id comes from its name unless given."""
        key = key or "id-" + name.lower().replace(" ", "-")
        self.model.elements[key] = Element(
            id=key,
            concept=concept_of(kind),
            names=(Text(name),),
            documentation=(Text(description),) if description else (),
            properties=(*kind_property(self.model, kind), *self._said(said)),
        )
        return key

    def relate(self, source: str, kind: str, target: str, access: Any = None, **said: str) -> str:
        """Relate two elements or relationships."""
        key = f"id-r{len(self.model.relationships)}"
        self.model.relationships[key] = Relationship(
            id=key,
            kind=RelationshipKind(kind),
            source=source,
            target=target,
            access=access,
            properties=self._said(said),
        )
        return key

    def _said(self, said: dict[str, str]) -> tuple[Said, ...]:
        return tuple(
            Said(define(self.model, name.replace("_", " ")), (Text(value),))
            for name, value in said.items()
        )

    @property
    def graph(self) -> LandscapeGraph:
        """The model as a graph."""
        return graph_of_model(self.model)


def a_reference() -> Draft:
    """Four components, two standards; one obligation of each sort, and one nobody weighs."""
    draft = Draft()
    for name in ("Case handling", "Ledger keeping", "Permit handling", "Archive keeping"):
        draft.add("reference_component", name)
    for name in ("Case API", "Old exchange"):
        draft.add("standard", name)
    draft.add("standard_version", "Case API 2")
    draft.relate("id-case-api-2", "specialization", "id-case-api")
    draft.relate("id-case-handling", "realization", "id-case-api", role="mandatory")
    draft.relate("id-permit-handling", "realization", "id-case-api", role="recommended")
    draft.relate("id-case-handling", "realization", "id-old-exchange", role="perhaps")
    shown = ("id-case-handling", "id-ledger-keeping", "id-case-api")
    draft.model.views["id-view"] = View(
        id="id-view",
        names=(Text("All components"),),
        nodes=[a_box(f"id-n{n}", key, -20 + 140 * n) for n, key in enumerate(shown)],
        connections=[
            Connection(
                id="id-c0",
                kind="relationship",
                relationship="id-r1",
                source="id-n0",
                target="id-n2",
            )
        ],
    )
    return draft


def a_box(key: str, element: str, x: int) -> Node:
    """A box left of and above the corner, as real views have them."""
    return Node(id=key, kind="element", element=element, x=x, y=-10, width=130, height=60)


def a_town(draft: Draft | None = None) -> Draft:
    """Five systems; one interface; two data sets, one with personal data."""
    draft = draft or Draft()
    draft.add("system", "CaseFlow", "Cases", owner="Information", supplier="Riverbed",
              lifecycle="active")  # fmt: skip
    draft.add("system", "OldCase", owner="Information", supplier="riverbed", lifecycle="phase out",
              end_of_life="2027-06-30")  # fmt: skip
    draft.add("system", "GroundBook", lifecycle="phase out", end_of_life="31-12-2026")
    draft.add("system", "ParkRight", lifecycle="planned", live_since="2027-01")
    draft.add("system", "Website", supplier="Brightpage")
    draft.add("interface", "Case query", base_url="https://cases.example/api")
    draft.add("data_set", "Cases of people", "Who asked what", personal_data="ja",
              owner="Information")  # fmt: skip
    draft.add("data_set", "Street names", personal_data="nee")
    draft.relate("id-caseflow", "composition", "id-case-query")
    draft.relate("id-caseflow", "access", "id-cases-of-people", access="Write")
    draft.relate("id-case-query", "access", "id-cases-of-people", access="Read")
    draft.relate("id-case-query", "serving", "id-website")
    return draft


def a_whole_town() -> Draft:
    """The town and its reference in one model."""
    draft = a_town(a_reference())
    draft.relate("id-caseflow", "specialization", "id-case-handling")
    draft.relate("id-oldcase", "specialization", "id-case-handling")
    draft.relate("id-groundbook", "specialization", "id-ledger-keeping")
    draft.relate("id-parkright", "specialization", "id-permit-handling")
    return draft
