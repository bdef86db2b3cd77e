"""The definitions again, slowly, in plain Python on dictionaries: what the fast answers are compared with.

Written from the definitions, not from the arrays: an element is a node or a piece of a link, a joint joins
two elements, a device sits on a joint; every search walks element by element.
"""

from collections import deque
from dataclasses import dataclass, field

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


class Reference:
    """One town, with today's overrides, ready to be asked."""

    def __init__(self, town: Town, *, stuck=(), closed=(), opened=()) -> None:
        self.town = town
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
        self.pieces: dict[str, list[tuple]] = {}
        self.bodies: dict[str, range] = {}
        self.joints: list[Joint] = []
        for link in town.links:
            self._cut(link)
        self.at: dict[tuple, list[Joint]] = {}
        for joint in self.joints:
            self.at.setdefault(joint.a, []).append(joint)
            self.at.setdefault(joint.b, []).append(joint)

    def _cut(self, link: dict) -> None:
        mine = [row for row in self.town.devices if row["link_code"] == link["code"]]
        chain = [row["code"] for row in mine if row["end"] == "from"]
        at_from = len(chain)
        middle = sorted((row for row in mine if row["end"] == "mid"), key=lambda row: row["measure_m"])
        chain_to = [row["code"] for row in mine if row["end"] == "to"][::-1]
        by_device = any(row["code"] in self.closing and row["kind"] in CLOSES_BY_HAND for row in mine)
        shut = link["status"] == "closed" and not by_device
        slots: list[tuple[str | None, float]] = [(code, 0.0) for code in chain] or [(None, 0.0)]
        slots += [(row["code"], row["measure_m"]) for row in middle]
        slots += [(code, link["length_m"]) for code in chain_to] or [(None, link["length_m"])]
        lead = max(at_from, 1) - 1
        bodies = range(lead, lead + len(middle) + 1)
        before: tuple = ("node", link["from_node"])
        self.pieces[link["code"]] = []
        self.bodies[link["code"]] = bodies
        for place, (code, measure) in enumerate(slots):
            if place == len(slots) - 1:
                after: tuple = ("node", link["to_node"])
            else:
                far = slots[place + 1][1]
                between = lead < place < lead + len(middle)  # two devices at one place have nothing between them
                nothing = place not in bodies or (far - measure <= 0 and (between or link["length_m"] > 0))
                after = ("piece", link["code"], place, measure, far, nothing)
                self.pieces[link["code"]].append(after)
            way = self.device[code]["direction"] if code else "both"
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

    def parts(self, together) -> dict:
        label: dict = {}
        for element in [("node", row["code"]) for row in self.town.nodes] + self.all_pieces():
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

    def bursting(self, bursts) -> list:
        found = []
        for burst in bursts:
            code, at = (burst, None) if isinstance(burst, str) else burst
            link = next(row for row in self.town.links if row["code"] == code)
            real = [piece for piece in self.pieces[code] if not piece[5]] or self.pieces[code]
            along = [piece for piece in self.pieces[code] if piece[2] in self.bodies[code]]
            hit = real if at is None else [piece for piece in along if piece[3] <= at <= piece[4]]
            found += hit
            shut = any(joint.shut for piece in self.pieces[code] for joint in self.at[piece])
            if shut:
                found += [("node", link["from_node"]), ("node", link["to_node"])]
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
        main0, any0 = self.fed({"source"}), self.fed({"source", "tank"})
        main1, any1 = self.fed({"source"}, zone), self.fed({"source", "tank"}, zone)
        must, optional, verify = set(), set(), set()
        for joint in self.joints:
            if (joint.a in zone) == (joint.b in zone) or joint.device is None:
                continue
            outside, inward = (joint.b, joint.back) if joint.a in zone else (joint.a, joint.forth)
            if not self.passing[joint.device] or not self.usable[joint.device]:
                verify.add(joint.device)
            elif inward and outside in any1:
                must.add(joint.device)
            else:
                optional.add(joint.device)
        classes = {}
        for element in [("node", row["code"]) for row in self.town.nodes] + self.all_pieces():
            if element not in any0:
                classes[element] = "already_dry"
            elif element in zone:
                classes[element] = "isolated"
            elif element not in any1:
                classes[element] = "unintended"
            elif element in main0 and element not in main1:
                classes[element] = "storage_only"
        return {
            "must_close": must,
            "optional": optional - must,
            "verify_closed": verify,
            "links": {(piece[1], way) for piece, way in classes.items() if piece[0] == "piece" and not piece[5]},
            "customers": {
                (row["code"], classes.get(self.home(row))) for row in self.town.customers if self.home(row) in classes
            },
            "sources_inside": {
                row["code"]
                for row in self.town.nodes
                if row["kind"] in ("source", "tank") and ("node", row["code"]) in zone
            },
            "restoration": self.restoring(zone, main1, classes),
        }

    def home(self, customer: dict) -> tuple:
        """The piece of a customer; at a device the one before it."""
        link = customer["link_code"]
        leads = sum(row["link_code"] == link and row["end"] == "from" for row in self.town.devices)
        passed = sum(
            row["link_code"] == link and row["end"] == "mid" and row["measure_m"] < customer["measure_m"]
            for row in self.town.devices
        )
        return self.pieces[link][max(leads, 1) - 1 + passed]

    def restoring(self, zone, main1, classes) -> dict[str, int]:
        """Closed devices between fed and dry, and how many customers each brings back."""
        found = {}
        for code, open_ in self.passing.items():
            if open_ or not self.usable[code]:
                continue
            self.passing[code] = True
            then = self.fed({"source"}, zone)
            self.passing[code] = False
            gained = {e for e in then - main1 if classes.get(e) in ("unintended", "storage_only")}
            if gained:
                found[code] = sum(
                    self.home(row) in gained and classes.get(self.home(row)) == "unintended"
                    for row in self.town.customers
                )
        return found
