"""Small towns drawn in a line of text each, as tables; and random ones."""

import random
from dataclasses import replace

import pandas as pd
import shapely
from reference import Town

from gisapp.network import Network, network_of
from gisapp.network.attach import attached_hydrants
from gisapp.tables import TABLES

NODE = {"kind": "junction", "elevation_m": None, "volume_m3": None, "demand_m3h": None}
LINK = {"kind": "pipe", "length_m": 100.0, "diameter_mm": 200.0, "status": "open", "direction": "both", "side": None}
DEVICE = {
    "kind": "gate_valve",
    "end": "mid",
    "measure_m": None,
    "node_code": None,
    "state": "open",
    "operable": "operable",
    "direction": "both",
    "diameter_mm": 200.0,
}
CUSTOMER = {"households": 1, "people": 3, "critical": None, "measure_m": 50.0}


def town(pipes: str, valves: str = "", customers: str = "", **kinds: str) -> Town:
    """Return a town from words ``pipe:from-to``, ``valve@pipe.end`` or ``valve@pipe:measure``, ``name@pipe:measure``.

    Nodes are junctions unless named in ``kinds``, for example ``S="source"``.
    """
    made = Town()
    for text in pipes.split():
        code, ends = text.split(":")
        a, b = ends.split("-")
        made.links.append({**LINK, "code": code, "from_node": a, "to_node": b})
    names = dict.fromkeys(node for link in made.links for node in (link["from_node"], link["to_node"]))
    made.nodes = [{**NODE, "code": name, "kind": kinds.get(name, "junction")} for name in names]
    for text in valves.split():
        code, place = text.split("@")
        row = {**DEVICE, "code": code}
        if ":" in place:
            link, measure = place.split(":")
            row |= {"link_code": link, "measure_m": float(measure)}
        else:
            link, end = place.split(".")
            row |= {"link_code": link, "end": end}
        made.devices.append(row)
    for text in customers.split():
        code, place = text.split("@")
        link, measure = place.split(":")
        made.customers.append({**CUSTOMER, "code": code, "link_code": link, "measure_m": float(measure)})
    return made


def change(rows: list[dict], name: str, **values: object) -> None:
    """Change the row of that code."""
    next(row for row in rows if row["code"] == name).update(values)


def network(made: Town, utility: str = "water") -> Network:
    """Return the network of a town."""
    frames = [_frame(made.nodes, "nodes"), _frame(made.links, "links"), _frame(made.devices, "devices")]
    people = pd.DataFrame(made.customers, columns=["code", *CUSTOMER, "link_code"])
    connections = people.rename(columns={"code": "customer_code"})[["customer_code", "link_code", "measure_m"]]
    customers = people.drop(columns=["link_code", "measure_m"])
    return network_of(
        utility, *[frame.assign(utility=utility) for frame in frames], customers, connections.assign(utility=utility)
    )


def with_hydrants(made: Town, at: dict[str, tuple[str, float]]) -> Network:
    """Return the network of a town with hydrants at places along links."""
    rows = [{"code": code, "link_code": link, "measure_m": measure} for code, (link, measure) in at.items()]
    bare = network(made)
    return replace(bare, hydrants=attached_hydrants(bare, pd.DataFrame(rows).assign(utility=bare.utility)))


def _frame(rows: list[dict], name: str) -> pd.DataFrame:
    names = {column.name for column in TABLES[name].columns}
    return pd.DataFrame(rows, columns=sorted({"code", *(rows[0] if rows else names & set(DEVICE) | {"link_code"})}))


def random_town(seed: int) -> Town:
    """Return a town with everything that can go wrong: parallel pipes, doubled, stuck, one-way, closed devices."""
    dice = random.Random(seed)
    count = dice.randint(4, 14)
    made = Town(nodes=[{**NODE, "code": f"N{i}"} for i in range(count)])
    for row in dice.sample(made.nodes, dice.randint(0, 2)):
        row["kind"] = "source"
    for row in dice.sample(made.nodes, dice.randint(0, 2)):
        row["kind"] = dice.choice(["tank", row["kind"]])
    pairs = [(i, dice.randrange(i)) for i in range(1, count) if dice.random() < 0.95]
    pairs += [tuple(dice.sample(range(count), 2)) for _ in range(dice.randint(0, 8))]
    pairs += [dice.choice(pairs)] if pairs and dice.random() < 0.3 else []  # parallel
    for number, (a, b) in enumerate(pairs or [(0, 1)]):
        made.links.append(
            {
                **LINK,
                "code": f"P{number}",
                "from_node": f"N{a}",
                "to_node": f"N{b}",
                "length_m": dice.choice([0.0, 100.0, 100.0, 100.0]),
                "status": dice.choices(["open", "closed"], [12, 1])[0],
                "direction": dice.choices(["both", "forward", "backward"], [12, 1, 1])[0],
            }
        )
    for number in range(dice.randint(0, 2 * len(made.links))):
        link = dice.choice(made.links)
        made.devices.append(
            {
                **DEVICE,
                "code": f"V{number:02}",
                "link_code": link["code"],
                "kind": dice.choices(["gate_valve", "check_valve", "pump"], [10, 2, 1])[0],
                "end": dice.choice(["from", "to", "mid"]),
                "measure_m": min(dice.choice([0.0, 30.0, 50.0, 50.0, 100.0]), link["length_m"]),
                "state": dice.choices(["open", "closed", "unknown"], [8, 3, 1])[0],
                "operable": dice.choices(["operable", "stuck", "unreachable", "unknown"], [8, 2, 1, 1])[0],
                "direction": dice.choices(["both", "forward", "backward"], [6, 1, 1])[0],
            }
        )
    for number in range(dice.randint(0, 12)):
        link = dice.choice(made.links)
        measure = min(dice.choice([0.0, 10.0, 30.0, 40.0, 50.0, 90.0, 100.0]), link["length_m"])
        made.customers.append({**CUSTOMER, "code": f"C{number}", "link_code": link["code"], "measure_m": measure})
    return made


def mixed_town(seed: int) -> tuple[str, Town]:
    """Return a random town of any utility, now and then with valves drawn as nodes of several pipes."""
    dice, made = random.Random(seed), random_town(seed)
    utility = ("water", "heating", "gas", "power")[seed % 4]
    for number, row in enumerate(made.customers):
        row |= {"households": 1 + number % 3, "critical": "hospital" if number % 4 == 0 else None}
    for row in made.devices:
        if utility == "power":
            row["kind"] = dice.choice(["breaker", "switch", "fuse", "open_point"])
        elif utility == "gas" and dice.random() < 0.2:
            row["kind"] = "regulator"
    if utility == "heating":
        _pair(made, dice)
    if dice.random() < 0.4:
        _draw_as_nodes(made, dice)
    for row in made.nodes:  # now and then a volume or a demand is not on record
        row["volume_m3"] = dice.choice([None, 60.0, 90.0, 120.0])
        row["demand_m3h"] = dice.choice([None, 0.0, 10.0, 30.0])
    return utility, made


def mixed_network(seed: int) -> Network:
    """Return the network of a mixed town."""
    utility, made = mixed_town(seed)
    return network(made, utility)


def _draw_as_nodes(made: Town, dice: random.Random) -> None:
    for node in made.nodes:
        if not any(node["code"] in (link["from_node"], link["to_node"]) for link in made.links):
            continue
        for _ in range(dice.choices([0, 1, 2], [6, 2, 1])[0]):
            made.devices.append(
                {
                    **DEVICE,
                    "code": f"B{len(made.devices):02}",
                    "link_code": None,
                    "end": None,
                    "node_code": node["code"],
                    "state": dice.choices(["open", "closed"], [5, 1])[0],
                    "operable": dice.choices(["operable", "stuck"], [5, 1])[0],
                }
            )


def _pair(made: Town, dice: random.Random) -> None:
    """Make it a town of heating: beside most pipes and valves one of the return, sources in common."""
    spots = {row["code"]: shapely.Point(1000 * dice.random(), 1000 * dice.random()) for row in made.nodes}
    shared = {row["code"] for row in made.nodes if row["kind"] == "source"}

    def other(code: str) -> str:
        return code if code in shared else f"R{code}"

    back_nodes = [{**row, "code": other(row["code"]), "kind": "junction"} for row in made.nodes]
    made.nodes += [row for row in back_nodes if row["code"] not in shared]
    spots |= {other(code): shapely.Point(at.x + 1, at.y) for code, at in spots.items() if code not in shared}
    turned = {"forward": "backward", "backward": "forward", "both": "both"}
    for row in made.nodes:
        row["geom"] = spots[row["code"]]
    for row in list(made.links):
        row["side"] = "supply"
        if dice.random() < 0.9:
            a, b = other(row["from_node"]), other(row["to_node"])
            back = {**row, "code": f"R{row['code']}", "from_node": a, "to_node": b, "side": "return"}
            back["direction"] = turned[row["direction"]]
            made.links.append(back | ({"from_node": b, "to_node": a} if dice.random() < 0.4 else {}))
    there = {row["code"] for row in made.links}
    for row in list(made.devices):
        if f"R{row['link_code']}" in there and dice.random() < 0.8:
            made.devices.append({**row, "code": f"R{row['code']}", "link_code": f"R{row['link_code']}"})
