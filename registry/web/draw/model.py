"""What a landscape picture is made from, and where its parts were put; nothing here draws."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from registry.landscape.lifecycle import Lifecycle
from registry.web.draw.states import ColourBy, Kind, Sync


@dataclass(frozen=True, slots=True)
class SystemBox:
    """One system on the map.

    Attributes:
        urn: Its stable name; the picture links to its page by it.
        name: Its name as people say it; may hold anything.
        kind: What part it plays for the hub.
        lifecycle: Where it stands in its life.
        sync: How its last reading went.
        data_sets: How many data sets it keeps.
        interfaces: How many interfaces it offers.
    """

    urn: str
    name: str
    kind: Kind = Kind.SYSTEM
    lifecycle: Lifecycle = Lifecycle.UNKNOWN
    sync: Sync = Sync.NONE
    data_sets: int = 0
    interfaces: int = 0

    def state(self, colour_by: ColourBy) -> str:
        """Return the key of the state this box shows under a colouring."""
        if colour_by is ColourBy.LIFECYCLE:
            return self.lifecycle
        return self.sync if colour_by is ColourBy.SYNC else self.kind


@dataclass(frozen=True, slots=True)
class ComponentBlock:
    """One component of the reference model and the systems that fill it."""

    urn: str
    name: str
    systems: Sequence[SystemBox] = ()


@dataclass(frozen=True, slots=True)
class DomainBlock:
    """One domain of the reference model."""

    urn: str
    name: str
    components: Sequence[ComponentBlock] = ()

    def system_count(self) -> int:
        """Return how many boxes stand inside."""
        return sum(len(component.systems) for component in self.components)


@dataclass(frozen=True, slots=True)
class LandscapeMap:
    """Everything one picture shows.

    Attributes:
        domains: The reference model with the systems placed on it.
        unplaced: Systems that no reference component has been named for.
    """

    domains: Sequence[DomainBlock] = ()
    unplaced: Sequence[SystemBox] = ()

    def box_count(self) -> int:
        """Return how many system boxes the picture has."""
        return len(self.unplaced) + sum(domain.system_count() for domain in self.domains)


class Rect(NamedTuple):
    """Where something stands, in pixels from the top left corner."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Return the right edge."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """Return the bottom edge."""
        return self.y + self.height


class PlacedComponent(NamedTuple):
    """A component, its frame, and the frames of its systems in the same order."""

    component: ComponentBlock
    rect: Rect
    boxes: Sequence[Rect]


class PlacedDomain(NamedTuple):
    """A domain, its frame and its placed components."""

    domain: DomainBlock
    rect: Rect
    components: Sequence[PlacedComponent]


@dataclass(frozen=True, slots=True)
class Scale:
    """Sizes of one level of detail, in pixels.

    Attributes:
        name: Name of the level; also a class of the picture.
        column: Narrowest width of a column.
        box: Height of a system box.
        cell: Width of a system box where it holds no name; 0 where it fills the column.
        gap: Space between boxes; with `box` at least 24 where boxes are to be touched.
        pad: Space between a frame and what it holds.
        title: Font size of a component's name.
        title_lines: Lines a component's name may take.
        label: Font size of a system's name.
        label_lines: Lines a system's name may take.
        heading: Font size of a domain's name.
    """

    name: str
    column: int
    box: int
    cell: int
    gap: int
    pad: int
    title: float
    title_lines: int
    label: float
    label_lines: int
    heading: float

    @property
    def title_height(self) -> float:
        """Return the room above a component's boxes."""
        return self.title_lines * (self.title + 3) + 6

    @property
    def heading_height(self) -> float:
        """Return the room above a domain's components."""
        return self.heading + 14


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Where everything stands.

    Attributes:
        width: Width of the picture.
        height: Height of the picture.
        scale: The level of detail that was chosen.
        domains: The placed reference model.
        unplaced: The frame of the systems without a component, if there are any.
    """

    width: float
    height: float
    scale: Scale
    domains: Sequence[PlacedDomain]
    unplaced: PlacedDomain | None
