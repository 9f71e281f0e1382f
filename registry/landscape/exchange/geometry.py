"""Where things stand on a view: Archi counts from parents and line ends, we from the corner."""

from registry.landscape.exchange.model import Connection, Node, View

# What tools draw where a file leaves the size open; Archi's own default.
DEFAULT_WIDTH, DEFAULT_HEIGHT = 120, 55

_Middles = dict[str, tuple[int, int]]


def middles(view: View) -> _Middles:
    """Return the middle of every node and connection, by id."""
    found: _Middles = {node.id: _middle(node) for node in view.all_nodes()}
    waiting = {connection.id: connection for connection in view.connections}
    while waiting:
        ready = [
            key for key, line in waiting.items() if line.source in found and line.target in found
        ]
        for key in ready:
            line = waiting.pop(key)
            (ax, ay), (bx, by) = found[line.source or ""], found[line.target or ""]
            found[key] = ((ax + bx) // 2, (ay + by) // 2)
        if not ready:
            return found
    return found


def _middle(node: Node) -> tuple[int, int]:
    """Return a node's middle in whole points, as Archi counts it."""
    width, height = size_of(node)
    return (node.x or 0) + width // 2, (node.y or 0) + height // 2


def size_of(node: Node) -> tuple[int, int]:
    """Return a node's width and height, with the default where the file leaves them open."""
    width = DEFAULT_WIDTH if node.width is None or node.width < 0 else node.width
    height = DEFAULT_HEIGHT if node.height is None or node.height < 0 else node.height
    return width, height


def points_of_offsets(view: View) -> None:
    """Fill in where bendpoints stand on the view, from how Archi keeps them.

    A bendpoint has an offset from each end's middle; the nearer end counts more.
    """
    if not any(connection.offsets for connection in view.connections):
        return
    found = middles(view)
    for connection in view.connections:
        if not connection.offsets:
            continue
        ends = found.get(connection.source or ""), found.get(connection.target or "")
        if ends[0] is None or ends[1] is None:
            continue
        (ax, ay), (bx, by) = ends[0], ends[1]
        count = len(connection.offsets) + 1
        points = []
        for index, (start_x, start_y, end_x, end_y) in enumerate(connection.offsets, 1):
            near = count - index
            x = ((ax + start_x) * near + (bx + end_x) * index) // count
            y = ((ay + start_y) * near + (by + end_y) * index) // count
            points.append((x, y))
        connection.bendpoints = tuple(points)


def offsets_of_points(
    connection: Connection, found: _Middles
) -> tuple[tuple[int, int, int, int], ...]:
    """Return bendpoints as Archi keeps them, from where they stand on the view."""
    if connection.offsets or not connection.bendpoints:
        return connection.offsets
    ends = found.get(connection.source or ""), found.get(connection.target or "")
    if ends[0] is None or ends[1] is None:
        return ()
    (ax, ay), (bx, by) = ends[0], ends[1]
    return tuple((x - ax, y - ay, x - bx, y - by) for x, y in connection.bendpoints)


def shift_into_view(view: View) -> tuple[int, int]:
    """Return what to add to x and y so that nothing lies left of or above the view's corner.

    The exchange format knows no negative places; Archi does.
    """
    corners = [(node.x or 0, node.y or 0) for node in view.all_nodes()]
    corners += [point for line in view.connections for point in line.bendpoints]
    left = min((x for x, _ in corners), default=0)
    top = min((y for _, y in corners), default=0)
    return max(0, -left), max(0, -top)
