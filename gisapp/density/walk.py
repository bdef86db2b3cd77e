"""The compiled walk from incidents along the pipes around them, each branching a division of what goes on."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

# What carries less than this share of an incident is followed no further.
LEAST_SHARE = 1e-9
# Shorter pipes count as this long on the way, lest a ring without length be walked for ever.
SHORTEST_M = 0.01
_Floats = npt.NDArray[np.float64]
_Ints = npt.NDArray[np.int64]
# What the compiled parts hand on: the graph; reach, whether dead ends reflect, band, how many together; where pieces
# begin, their width or the places, and whether they are pieces.
_Graph = tuple[_Floats, _Ints, _Ints, _Ints]
_Way = tuple[float, bool, float, int]
_Out = tuple[_Ints, _Floats, bool]
_Waiting = tuple[_Ints, _Ints, _Ints, _Floats]


@numba.njit(cache=True, nogil=True, inline="always")
def _kernel(distance: float, reach: float) -> float:
    """Return Epanechnikov's kernel of half width ``reach``."""
    share = distance / reach
    return 0.75 / reach * (1.0 - share * share) if share < 1.0 else 0.0


@numba.njit(cache=True, nogil=True, inline="always")
def _mass(distance: float, reach: float) -> float:
    """Return how much of the kernel lies between its middle and a distance."""
    share = min(distance / reach, 1.0)
    return 0.25 * share * (3.0 - share * share)


@numba.njit(cache=True, nogil=True)
def _add_wave(
    pieces: tuple[int, int],
    where: _Floats,
    mean: bool,
    wave: tuple[float, float, float, bool],
    length: float,
    reach: float,
    total: _Floats,
) -> None:
    """Add what runs along one pipe from a place on it in one direction.

    ``wave`` is the place, the distance come so far, the weight, and whether it runs toward the pipe's end.
    """
    place, come, weight, forward = wave
    low, high = pieces
    if mean:
        width = where[low]
        count = high - low
        at = min(int(place / width), count - 1) if width > 0 else 0
        before = _mass(come, reach)
        if forward:
            for number in range(at, count):
                after = _mass(come + min((number + 1) * width, length) - place, reach)
                total[low + number] += weight * (after - before)
                before = after
                if come + (number + 1) * width - place >= reach:
                    return
        else:
            for number in range(at, -1, -1):
                after = _mass(come + place - number * width, reach)
                total[low + number] += weight * (after - before)
                before = after
                if come + place - number * width >= reach:
                    return
    else:
        for number in range(low, high):
            ahead = where[number] - place if forward else place - where[number]
            if ahead >= 0:
                total[number] += weight * _kernel(come + ahead, reach)


@numba.njit(cache=True, nogil=True)
def walk(graph: _Graph, at: tuple[_Ints, _Floats], way: _Way, out: _Out, total: _Floats) -> None:
    """Follow all incidents along the pipes, the nearest first, and add what they leave on the pieces, or at places.

    What arrives at the same node within one band of distance goes on as one, from the mean distance: the work
    then grows with the network and not with the number of paths, which doubles at every branching. Arrivals wait in
    a list for each band (:func:`_wait`).
    """
    length, first = graph[0], graph[2]
    link, reach, band, together = at[0], way[0], way[2], way[3]
    newest = np.full(int(reach / band) + 1, -1, dtype=np.int64)
    waiting = _room(4 * min(len(link), together) + 1024)
    met = np.zeros((2 * len(length), 2)), np.zeros(len(first), dtype=np.bool_), np.empty(len(first), dtype=np.int64)
    for begin in range(0, len(link), together):
        waiting[0][:] = (0, -1)
        for row in range(begin, min(begin + together, len(link))):
            if waiting[0][0] + 2 > len(waiting[1]):
                waiting = _longer(waiting, 2)
            _set_out(row, graph, at, (way, out, total), (newest, waiting))
        for line in range(len(newest)):
            while newest[line] >= 0:  # again while short pipes end in the same band
                for turn in range(_gather(line, graph, newest, waiting, met)):
                    node = met[2][turn]
                    met[1][node] = False
                    more = first[node + 1] - first[node]
                    if waiting[0][0] + more > len(waiting[1]):
                        waiting = _longer(waiting, more)
                    _pass_on((node, line), met[0], graph, (way, out, total), (newest, waiting))


@numba.njit(cache=True, nogil=True, inline="always")
def _set_out(
    row: int,
    graph: _Graph,
    at: tuple[_Ints, _Floats],
    left: tuple[_Way, _Out, _Floats],
    queue: tuple[_Ints, _Waiting],
) -> None:
    """Add what an incident leaves on its own pipe, and let it wait at both ends of it."""
    length, (way, out, total) = graph[0], left
    (reach, _, band, _), (start, where, mean) = way, out
    pipe = at[0][row]
    place = min(max(at[1][row], 0.0), length[pipe])
    span = (start[pipe], start[pipe + 1])
    _add_wave(span, where, mean, (place, 0.0, 1.0, True), length[pipe], reach, total)
    _add_wave(span, where, mean, (place, 0.0, 1.0, False), length[pipe], reach, total)
    if not mean:
        for number in range(span[0], span[1]):
            if where[number] == place:  # both directions have counted it
                total[number] -= _kernel(0.0, reach)
    for end in (2 * pipe, 2 * pipe + 1):
        come = place if end % 2 == 0 else length[pipe] - place
        if come < reach:
            _wait(int(come / band), (end, come, 1.0), queue)


@numba.njit(cache=True, nogil=True, inline="always")
def _gather(
    line: int, graph: _Graph, newest: _Ints, waiting: _Waiting, met: tuple[_Floats, npt.NDArray[np.bool_], _Ints]
) -> int:
    """Empty the list of a band: sum what arrives at each pipe end, and return at how many nodes any does."""
    ends, (state, before, at_end, way) = graph[1], waiting
    arrived, seen, touched = met
    count, entry = 0, newest[line]
    while entry >= 0:
        end = at_end[entry]
        node = ends[end // 2, end % 2]
        if not seen[node]:
            seen[node] = True
            touched[count] = node
            count += 1
        arrived[end, 0] += way[entry, 1]
        arrived[end, 1] += way[entry, 1] * way[entry, 0]
        following = before[entry]
        before[entry], state[1], entry = state[1], entry, following
    newest[line] = -1
    if 16 * count > len(seen):  # many: in order of their numbers, neighbours near in memory
        count = 0
        for node in range(len(seen)):
            if seen[node]:
                touched[count] = node
                count += 1
    return count


@numba.njit(cache=True, nogil=True, inline="always")
def _pass_on(
    at: tuple[int, int],
    arrived: _Floats,
    graph: _Graph,
    left: tuple[_Way, _Out, _Floats],
    queue: tuple[_Ints, _Waiting],
) -> None:
    """Divide what has arrived at a node among its pipes, to each what came by the others; it then waits at their ends.

    ``at`` is the node and the band, ``arrived`` the weight that came by each pipe end, and weight times distance.
    """
    node, line = at
    length, _, first, meeting = graph
    (reach, reflect, band, _), (start, where, mean), total = left
    ways = meeting[first[node] : first[node + 1]]
    whole, far = 0.0, 0.0
    for entered in ways:
        whole += arrived[entered, 0]
        far += arrived[entered, 1]
    back = 1.0 if len(ways) == 1 else 0.0  # a dead end
    for entered in ways:
        mass, moment = whole - (1.0 - back) * arrived[entered, 0], far - (1.0 - back) * arrived[entered, 1]
        share = mass / max(len(ways) - 1, 1)
        if share < LEAST_SHARE or (back > 0 and not reflect):
            continue
        come = min(max(moment / mass, 0.0), reach)
        pipe, forward = entered // 2, entered % 2 == 0
        wave = (0.0 if forward else length[pipe], come, share, forward)
        _add_wave((start[pipe], start[pipe + 1]), where, mean, wave, length[pipe], reach, total)
        later = come + max(length[pipe], SHORTEST_M)
        if later < reach:
            _wait(max(int(later / band), line), (entered + 1 if forward else entered - 1, later, share), queue)
    for entered in ways:
        arrived[entered, 0], arrived[entered, 1] = 0.0, 0.0


@numba.njit(cache=True, nogil=True, inline="always")
def _wait(line: int, arrival: tuple[int, float, float], queue: tuple[_Ints, _Waiting]) -> None:
    """Put an arrival (pipe end, distance, weight) into the list of a band, where there is room."""
    newest, (state, before, at_end, way) = queue
    if state[1] >= 0:
        entry, state[1] = state[1], before[state[1]]
    else:
        entry = state[0]
        state[0] += 1
    before[entry], newest[line] = newest[line], entry
    at_end[entry], way[entry, 0], way[entry, 1] = arrival


@numba.njit(cache=True, nogil=True)
def _room(size: int) -> _Waiting:
    """Return empty lists of arrivals.

    First how many entries were ever used, and the first free one; then for each entry the one before it in its list,
    or the next free one; its pipe end; its distance and weight.
    """
    state = np.array([0, -1], dtype=np.int64)
    return state, np.empty(size, np.int64), np.empty(size, np.int64), np.empty((size, 2))


@numba.njit(cache=True, nogil=True)
def _longer(waiting: _Waiting, more: int) -> _Waiting:
    """Return the lists twice as long, and with room for some more arrivals."""
    state, before, at_end, way = waiting
    size = len(before)
    longer = _room(2 * size + more)
    longer[1][:size], longer[2][:size], longer[3][:size] = before, at_end, way
    return state, longer[1], longer[2], longer[3]
