"""The definitions again, slowly, in plain Python on dictionaries: what the fast answers are compared with.

Written from the definitions, not from the arrays: an element is a node or a piece of a link, a joint joins
two elements, a device sits on a joint; every search walks element by element.
"""

from collections import deque
from dataclasses import dataclass, field
from itertools import pairwise

CLOSES_BY_HAND = {
    "gate_valve",
    "boundary_valve",
    "pressure_valve",
    "flow_valve",
    "throttle_valve",
    "pump",
    "regulator",
    "breaker",
    "switch",
    "open_point",
    "fuse",
}
WAYS = (None, "storage_only", "unintended", "isolated", "already_dry")  # the later the worse


@dataclass
class Town:
    """Tables as lists of dictionaries, with every value written out."""

    nodes: list[dict] = field(default_factory=list)
    links: list[dict] = field(default_factory=list)
    devices: list[dict] = field(default_factory=list)
    customers: list[dict] = field(default_factory=list)


@dataclass(frozen=True)
class Joint:
    """a comes before b along the link."""

    a: tuple
    b: tuple
    device: str | None
    forth: bool
    back: bool
    shut: bool


@dataclass(frozen=True)
class Fed:
    """Elements that sources feed, that sources or tanks feed, and that can give back to a source (heating)."""

    main: set
    any: set
    given: set


class Reference:
    """One town, with today's overrides, ready to be asked; ``twins`` says of a heating pipe the other of its pair."""

    def __init__(self, town: Town, utility="water", *, twins=None, stuck=(), closed=(), opened=()) -> None:
        self.town, self.utility, self.twins = town, utility, twins or {}
        self.link = {row["code"]: row for row in town.links}
        self.node = {row["code"]: row for row in town.nodes}
        self.device = {row["code"]: row for row in town.devices}
        self.passing = {row["code"]: row["state"] != "closed" for row in town.devices}
        self.held = {row["code"] for row in town.devices if row["operable"] == "stuck"} | set(stuck)
        self.usable = {
            row["code"]: row["kind"] in CLOSES_BY_HAND
            and row["operable"] in ("operable", "unknown")
            and row["code"] not in stuck
            for row in town.devices
        }
        self.closing = {c for c, open_ in self.passing.items() if not open_}  # as the tables say
        for code in closed:
            self.passing[code] = False
        for code in opened:
            self.passing[code] = True
        self.drawn: dict[tuple, list[str]] = {}
        self.bodies: set[str] = set()
        for row in town.devices:
            if row["link_code"] is None:
                self._draw(row)
        self.pieces: dict[str, list[tuple]] = {}
        self.along: dict[str, range] = {}
        self.joints: list[Joint] = []
        for link in town.links:
            self._cut(link)
        self.at: dict[tuple, list[Joint]] = {}
        for joint in self.joints:
            self.at.setdefault(joint.a, []).append(joint)
            self.at.setdefault(joint.b, []).append(joint)

    def _draw(self, device: dict) -> None:
        """A valve drawn as a node: on the first pipe of one or two, on all of three or more."""
        node = device["node_code"]
        ports = [(row["code"], end) for row in self.town.links for end in ("from", "to") if row[f"{end}_node"] == node]
        if len(ports) >= 3:
            self.bodies.add(device["code"])
        for port in ports if len(ports) >= 3 else ports[:1]:
            self.drawn.setdefault(port, []).append(device["code"])

    def _cut(self, link: dict) -> None:
        mine = [row for row in self.town.devices if row["link_code"] == link["code"]]
        chain = self.drawn.get((link["code"], "from"), []) + [row["code"] for row in mine if row["end"] == "from"]
        at_from = len(chain)
        middle = sorted((row for row in mine if row["end"] == "mid"), key=lambda row: row["measure_m"])
        chain_to = [row["code"] for row in mine if row["end"] == "to"][::-1]
        chain_to += self.drawn.get((link["code"], "to"), [])
        by_device = any(row["code"] in self.closing and row["kind"] in CLOSES_BY_HAND for row in mine)
        shut = link["status"] == "closed" and not by_device
        slots: list[tuple[str | None, float]] = [(code, 0.0) for code in chain] or [(None, 0.0)]
        slots += [(row["code"], row["measure_m"]) for row in middle]
        slots += [(code, link["length_m"]) for code in chain_to] or [(None, link["length_m"])]
        lead = max(at_from, 1) - 1
        bodies = range(lead, lead + len(middle) + 1)
        before: tuple = ("node", link["from_node"])
        self.pieces[link["code"]] = []
        self.along[link["code"]] = bodies
        for place, (code, measure) in enumerate(slots):
            if place == len(slots) - 1:
                after: tuple = ("node", link["to_node"])
            else:
                far = slots[place + 1][1]
                between = lead < place < lead + len(middle)  # two devices at one place have nothing between them
                nothing = place not in bodies or (far - measure <= 0 and (between or link["length_m"] > 0))
                after = ("piece", link["code"], place, measure, far, nothing)
                self.pieces[link["code"]].append(after)
            way = self.way(code)
            self.joints.append(
                Joint(
                    before,
                    after,
                    code,
                    not shut and link["direction"] != "backward" and way != "backward",
                    not shut and link["direction"] != "forward" and way != "forward",
                    shut,
                )
            )
            before = after

    def way(self, code) -> str:
        """Which way a device lets pass: a body has none, a regulator of gas feeds forward."""
        if code is None or code in self.bodies:
            return "both"
        row = self.device[code]
        forward = self.utility == "gas" and row["kind"] == "regulator" and row["direction"] == "both"
        return "forward" if forward else row["direction"]

    def elements(self) -> list[tuple]:
        return [("node", row["code"]) for row in self.town.nodes] + self.all_pieces()

    def all_pieces(self) -> list[tuple]:
        return [piece for pieces in self.pieces.values() for piece in pieces]

    def walk(self, starts, may_step) -> set:
        found, front = set(starts), deque(starts)
        while front:
            here = front.popleft()
            for joint in self.at.get(here, []):
                there = joint.b if joint.a == here else joint.a
                if there not in found and may_step(joint, here, there):
                    found.add(there)
                    front.append(there)
        return found

    def conducts(self, joint: Joint, here) -> bool:
        open_ = joint.device is None or self.passing[joint.device]
        return open_ and (joint.forth if joint.a == here else joint.back)

    def fed(self, kinds, out=frozenset()) -> set:
        starts = [("node", row["code"]) for row in self.town.nodes if row["kind"] in kinds]
        starts = [start for start in starts if start not in out]
        return self.walk(starts, lambda joint, here, there: there not in out and self.conducts(joint, here))

    def side(self, element) -> str | None:
        """Supply, return, both or nothing."""
        if element[0] == "piece":
            return self.link[element[1]]["side"]
        ends = {row["side"] for row in self.town.links if element[1] in (row["from_node"], row["to_node"])} - {None}
        return "both" if len(ends) == 2 else next(iter(ends), None)

    def takers(self) -> list[tuple]:
        """Sources of heating that take water back."""
        sources = [("node", row["code"]) for row in self.town.nodes if row["kind"] == "source"]
        return [one for one in sources if self.utility == "heating" and self.side(one) in ("return", "both")]

    def supply(self, out=frozenset()) -> Fed:
        """What is fed with the elements ``out`` cut out."""
        starts = [one for one in self.takers() if one not in out]
        given = self.walk(starts, lambda joint, here, there: there not in out and self.conducts(joint, there))
        return Fed(self.fed({"source"}, out), self.fed({"source", "tank"}, out), given)

    def serves(self, element, reached: set, given: set) -> bool:
        """Whether an element is in service: fed, or on the return side of heating able to give back."""
        if self.utility == "heating" and self.side(element) == "return":
            return element in given or not self.takers()
        return element in reached

    def parts(self, together) -> dict:
        label: dict = {}
        for element in self.elements():
            if element not in label:
                for one in self.walk([element], lambda joint, here, there: together(joint)):
                    label[one] = element
        return label

    def cells(self) -> dict:
        return self.parts(lambda joint: joint.device is None and joint.forth and joint.back)

    def segments(self) -> dict:
        usable = {
            row["code"]: row["kind"] in CLOSES_BY_HAND and row["operable"] in ("operable", "unknown")
            for row in self.town.devices
        }
        return self.parts(lambda joint: joint.device is None or not usable[joint.device])

    def places(self, bursts) -> list[tuple]:
        """Links and metres that burst; of heating the other pipe of the pair at the same share of its length."""
        found = []
        for burst in bursts:
            code, at = (burst, None) if isinstance(burst, str) else burst
            found.append((code, at))
            if code in self.twins:
                found.append(self.beside(code, at))
        return found

    def beside(self, code, at) -> tuple:
        other, turned = self.twins[code]
        if at is None:
            return other, None
        long = self.link[code]["length_m"]
        share = at / long if long else 0.0
        return other, (1 - share if turned else share) * self.link[other]["length_m"]

    def bursting(self, bursts) -> list:
        return [piece for piece, _ in self.burst_pieces(bursts)] + [
            ("node", self.link[code][end])
            for code, _ in self.places(bursts)
            for end in ("from_node", "to_node")
            if any(joint.shut for piece in self.pieces[code] for joint in self.at[piece])
        ]

    def burst_pieces(self, bursts) -> list[tuple]:
        found = []
        for code, at in self.places(bursts):
            real = [piece for piece in self.pieces[code] if not piece[5]] or self.pieces[code]
            along = [piece for piece in self.pieces[code] if piece[2] in self.along[code]]
            hit = real if at is None else [piece for piece in along if piece[3] <= at <= piece[4]]
            found += [(piece, at) for piece in hit]
        return found

    def zone(self, bursts) -> set:
        def spreads(joint: Joint, here, there) -> bool:
            if joint.shut:
                return False
            code = joint.device
            if code is None:
                return True
            if not self.passing[code] or self.usable[code]:
                return False
            if self.device[code]["kind"] == "check_valve" and code not in self.held:
                return joint.back if joint.a == here else joint.forth  # can water come from there to here?
            return True

        return self.walk(self.bursting(bursts), spreads)

    def answer(self, bursts) -> dict:
        zone = self.zone(bursts)
        before, after = self.supply(), self.supply(zone)
        must, optional, verify = self.border(zone, after)
        usual = dict(self.passing)
        for code in must & self.bodies:  # closing one separates the other pipes of its node too
            self.passing[code] = False
        after = self.supply(zone)
        ways = {element: self.class_of(element, zone, before, after) for element in self.elements()}
        ends = {row["code"]: self.customer_way(row, ways) for row in self.town.customers}
        found = {
            "must_close": must,
            "optional": optional - must,
            "verify_closed": verify,
            "links": {(piece[1], ways[piece]) for piece in self.all_pieces() if ways[piece] and not piece[5]},
            "customers": {(code, way) for code, way in ends.items() if way},
            "sources_inside": {
                row["code"]
                for row in self.town.nodes
                if row["kind"] in ("source", "tank") and ("node", row["code"]) in zone
            },
            "hours": self.hours(zone, after, ends),
            "restoration": self.restoring(zone, ways, ends, usual),
        }
        self.passing = usual
        return found

    def border(self, zone, after: Fed) -> tuple[set, set, set]:
        must, optional, verify = set(), set(), set()
        for joint in self.joints:
            if (joint.a in zone) == (joint.b in zone) or joint.device is None:
                continue
            outside, inward = (joint.b, joint.back) if joint.a in zone else (joint.a, joint.forth)
            if not self.passing[joint.device] or not self.usable[joint.device]:
                verify.add(joint.device)
            elif inward and (outside in after.any or outside in after.given):
                must.add(joint.device)
            else:
                optional.add(joint.device)
        return must, optional, verify

    def class_of(self, element, zone, before: Fed, after: Fed) -> str | None:
        if not self.serves(element, before.any, before.given):
            return "already_dry"
        if element in zone:
            return "isolated"
        if not self.serves(element, after.any, after.given):
            return "unintended"
        if self.serves(element, before.main, before.given) and not self.serves(element, after.main, after.given):
            return "storage_only"
        return None

    def customer_way(self, row: dict, ways: dict) -> str | None:
        """The worse of what feeds a customer and what takes the water back."""
        return max((ways[element] for element in self.homes(row)), key=WAYS.index)

    def homes(self, row: dict) -> list[tuple]:
        """The piece that feeds a customer, at a device the one before it; of heating also the one beside it."""
        places = [(row["link_code"], row["measure_m"])]
        if row["link_code"] in self.twins:
            places.append(self.beside(*places[0]))
        return [self.piece_at(*place) for place in places]

    def piece_at(self, link, measure_m) -> tuple:
        passed = sum(
            row["link_code"] == link and row["end"] == "mid" and row["measure_m"] < measure_m
            for row in self.town.devices
        )
        return self.pieces[link][self.along[link].start + passed]

    def hours(self, zone, after: Fed, ends: dict) -> dict[str, float | None]:
        """For every customer on storage: volume of the tanks that hang together there, by the demand there."""
        found = {}
        for row in self.town.customers:
            if ends[row["code"]] != "storage_only":
                continue
            alone = (after.any - after.main) - zone
            home = self.homes(row)[0]
            here = self.walk(
                [home],
                lambda joint, here, there, alone=alone: (
                    there in alone and (self.conducts(joint, here) or self.conducts(joint, there))
                ),
            )
            nodes = [self.node[element[1]] for element in here if element[0] == "node"]
            drawn = sum(max(node["demand_m3h"] or 0.0, 0.0) for node in nodes)
            volumes = [node["volume_m3"] for node in nodes if node["kind"] == "tank"]
            known = home in alone and drawn > 0 and None not in volumes
            found[row["code"]] = sum(volumes) / drawn if known else None
        return found

    def restoring(self, zone, ways, ends, usual) -> dict[str, int]:
        """Closed devices between fed and dry, and how many customers each brings back."""
        then = self.supply(zone)
        found = {}
        for code, open_ in usual.items():
            if open_ or not self.usable[code]:
                continue
            for one in (code, *self.companions(code, usual)):
                self.passing[one] = True
            now = self.supply(zone)
            for one in (code, *self.companions(code, usual)):
                self.passing[one] = False
            gained = {
                element
                for element, way in ways.items()
                if way in ("unintended", "storage_only")
                and self.serves(element, now.main, now.given)
                and not self.serves(element, then.main, then.given)
            }
            if gained and self.leads(code, zone, then):
                found[code] = sum(
                    ends[row["code"]] == "unintended"
                    and all(self.serves(element, now.main, now.given) for element in self.homes(row))
                    for row in self.town.customers
                )
        return found

    def companions(self, code, usual) -> list[str]:
        """The closed devices on the other pipe of a pair, which are opened too."""
        links = {piece[1] for piece in self.all_pieces() if any(joint.device == code for joint in self.at[piece])}
        others = {self.twins[link][0] for link in links if link in self.twins}
        mine = {joint.device for other in others for piece in self.pieces[other] for joint in self.at[piece]} - {None}
        return sorted(one for one in mine if not usual[one] and self.usable[one])

    def leads(self, code, zone, then: Fed) -> bool:
        """Whether a device alone lets something into what lacks it; of heating its companions may be what helps."""
        for joint in self.joints:
            if joint.device != code or joint.a in zone or joint.b in zone:
                continue
            one = (joint.a, joint.b, joint.forth, joint.back)
            for a, b, way, other in (one, (joint.b, joint.a, joint.back, joint.forth)):
                brings = way and a in then.main and b not in then.main
                if brings or (other and a in then.given and b not in then.given):
                    return True
        return False

    def trips(self, bursts) -> set[str]:
        """Power: the breakers and fuses nearest to the fault on every way to supply."""

        def live(joint: Joint) -> bool:
            return self.conducts(joint, joint.a) or self.conducts(joint, joint.b)

        def guards(joint: Joint) -> bool:
            return joint.device is not None and self.device[joint.device]["kind"] in ("breaker", "fuse")

        feeder = self.walk(self.bursting(bursts), lambda joint, here, there: live(joint) and not guards(joint))
        beyond = self.supply(feeder).any
        return {
            joint.device
            for joint in self.joints
            if live(joint) and (joint.a in feeder) != (joint.b in feeder) and (joint.a in beyond or joint.b in beyond)
        }

    def distances(self, bursts) -> dict[str, float]:
        """Metres from the nearest burst to every device, along the pieces of the zone, by trying again and again."""
        ends = {piece: pair for code in self.pieces for piece, pair in self.points(code).items()}
        edges = [(*ends[piece], piece[4] - piece[3]) for piece in self.zone(bursts) if piece[0] == "piece"]
        far: dict = {}
        for piece, at in self.burst_pieces(bursts):
            starts = list(zip(ends[piece], piece[3:5], strict=True))
            if any(joint.shut for joint in self.at[piece]):  # both its ends are out too
                link = self.link[piece[1]]
                starts += [(("node", link["from_node"]), 0.0), (("node", link["to_node"]), link["length_m"])]
            for point, measure in starts:
                far[point] = min(far.get(point, float("inf")), 0.0 if at is None else abs(measure - at))
        for _ in edges:
            for a, b, long in edges:
                far[b] = min(far.get(b, float("inf")), far.get(a, float("inf")) + long)
                far[a] = min(far.get(a, float("inf")), far[b] + long)
        found: dict[str, float] = {}
        for joint in self.joints:
            here = joint.a if joint.a[0] == "node" else joint.b if joint.b[0] == "node" else ends[joint.b][0]
            if joint.device is not None:
                found[joint.device] = min(found.get(joint.device, float("inf")), far.get(here, float("inf")))
        return found

    def points(self, code) -> dict[tuple, tuple]:
        """The pieces of a link with the points at their ends: its nodes, and places between pieces."""
        pieces, link = self.pieces[code], self.link[code]
        between = [(code, place) for place in range(1, len(pieces))]
        marks = [("node", link["from_node"]), *between, ("node", link["to_node"])]
        return dict(zip(pieces, pairwise(marks), strict=False))
