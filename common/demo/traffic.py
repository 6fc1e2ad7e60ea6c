"""Traffic: vehicles that drive and park, people who walk and ride, alone and in groups."""

from collections.abc import Callable

import numpy as np
from numpy.random import Generator

from common.demo import people, vehicles
from common.demo.bodies import Place
from common.demo.canvas import Canvas
from common.demo.city import City, Street
from common.demo.plan import Item, plan
from common.demo.shapes import Spot
from common.demo.two_wheelers import draw_two_wheeler

# What a frame certainly shows, by the number of its sequence, so that a small dataset has every class.
GUESTS = ("bus", "train", "truck", "motorcycle", "rider", "group")


def plan_traffic(rng: Generator, street: Street, city: City, guest: str) -> list[Item]:
    """Chooses vehicles and people.

    Args:
        street: The cross-section.
        city: Decides how many bicycles there are.
        guest: One of `GUESTS`.

    """
    items = _plan_parked(rng, street) + _plan_moving(rng, street, guest) + _plan_crossing(rng, street)
    items += _plan_walkers(rng, street, guest) + _plan_riders(rng, street, city, guest)
    if street.rails is not None and (guest == "train" or rng.random() < 0.4):
        near = rng.uniform(14, 40)
        items.append(_along(rng, vehicles.draw_tram, street.rails, near, float(rng.choice([0.0, np.pi, np.pi]))))
    return items


_LENGTHS = {vehicles.draw_car: 4.6, vehicles.draw_bus: 11.5, vehicles.draw_truck: 7.6, vehicles.draw_tram: 28.0}


def _along(rng: Generator, draw: Callable[..., object], x: float, near: float, heading: float) -> Item:
    """Plans a vehicle that goes along the street and whose near end is `near` metres away."""
    length = _LENGTHS[draw]
    place = Place(x + rng.normal(0, 0.1), near + length / 2, heading + rng.normal(0, 0.012))
    return plan((x, near, near + length), draw, place)


def _plan_parked(rng: Generator, street: Street) -> list[Item]:
    items = []
    for side in (-1, 1):
        width = street.parking[side > 0]
        if not width:
            continue
        x = street.curb(side) - side * width / 2
        for z in np.arange(rng.uniform(5, 10), 75, 5.6):
            chance = rng.random()
            if street.is_crossing(z, 5) or chance > 0.72:
                continue
            heading = 0.0 if side > 0 else float(rng.choice([0.0, np.pi]))
            if chance < 0.03:
                label = str(rng.choice(["caravan", "trailer"]))
                items.append(plan((x, z, z + 4.8), vehicles.draw_trailer, Place(x, z + 2.4, heading), label))
            else:
                items.append(_along(rng, vehicles.draw_car, x, z + rng.normal(0, 0.2), heading))
    return items


def _plan_moving(rng: Generator, street: Street, guest: str) -> list[Item]:
    """Fills the lane ahead and the oncoming lane; the guest is the first vehicle in one of them."""
    oncoming = street.left + 1.7 if street.rails is None else street.rails + 3.3
    lanes = [(0.1, 0.0, 11.0)]
    if oncoming < -2.4:
        lanes.append((oncoming, np.pi, 9.0))
    chosen = int(rng.integers(len(lanes)))
    items = []
    for number, (x, heading, first) in enumerate(lanes):
        z = first + rng.exponential(14)
        draw: Callable[..., object]
        if guest in ("bus", "truck") and number == chosen:
            draw = vehicles.draw_bus if guest == "bus" else vehicles.draw_truck
            z = rng.uniform(13, 30)
            items.append(_along(rng, draw, x, z, heading))
            z += _LENGTHS[draw] + rng.uniform(4, 20)
        while z < 120:
            kind = rng.random()
            draw = vehicles.draw_car
            if kind < 0.07:
                draw = vehicles.draw_truck if kind < 0.04 else vehicles.draw_bus
            items.append(_along(rng, draw, x, z, heading))
            z += _LENGTHS[draw] + 4 + rng.exponential(18)
    if rng.random() < 0.3 and street.end > 100:
        items.append(plan((0.0, 126.0), _draw_car_group, street))
    return items


def _plan_crossing(rng: Generator, street: Street) -> list[Item]:
    """Sends a vehicle through the side street."""
    if not street.crossing or rng.random() > 0.6:
        return []
    x, z = rng.uniform(-14, 14), street.crossing + rng.choice([2.6, 6.2])
    heading = float(rng.choice([-1, 1])) * np.pi / 2 + rng.normal(0, 0.08)
    draw = vehicles.draw_truck if rng.random() < 0.15 else vehicles.draw_car
    return [plan((x, z), draw, Place(x, z, heading))]


def _draw_car_group(canvas: Canvas, rng: Generator, street: Street) -> None:
    """Draws cars too far away to be separated: `cargroup`."""
    shapes = []
    for x in (street.left + 1.7, street.left + 3.9, 0.0):
        for z in (132.0, 126.0):
            shapes += vehicles.draw_car(canvas, rng, Place(x + rng.normal(0, 0.3), z, 0.0), label=None)
    canvas.annotate_outline("cargroup", shapes)


def _plan_walkers(rng: Generator, street: Street, guest: str) -> list[Item]:
    items = []
    for _ in range(int(rng.poisson(5))):
        side = int(rng.choice([-1, 1]))
        x = street.curb(side) + side * rng.uniform(0.5, max(0.8, street.pavement - 0.3))
        z = rng.uniform(8, 14) if rng.random() < 0.2 else rng.uniform(12, 60)
        items.append(plan((x, z), people.draw_person, (x, z)))
        if rng.random() < 0.3:
            items.append(plan((x + 0.6, z + 0.2), people.draw_person, (x + 0.6, z + 0.2)))
    if street.crossing:
        for _ in range(int(rng.poisson(1.4))):
            place = (rng.uniform(street.left, street.right), street.crossing - rng.uniform(1.6, 4.2))
            items.append(plan(place, people.draw_person, place))
    if guest == "group" or rng.random() < 0.2:
        side = int(rng.choice([-1, 1]))
        place = (street.curb(side) + side * 1.6, rng.uniform(22, 55))
        items.append(plan(place, _draw_crowd, place))
    return items


def _draw_crowd(canvas: Canvas, rng: Generator, place: Spot) -> None:
    """Draws people who stand close together: `persongroup`."""
    shapes = []
    for number in range(int(rng.integers(4, 9))):
        x = place[0] + rng.uniform(-0.35, 0.35) * (1 + number % 5)
        shapes += people.draw_person(canvas, rng, (x, place[1] + 0.8 - 0.15 * number), label=None)
    canvas.annotate_outline("persongroup", shapes)


def _plan_riders(rng: Generator, street: Street, city: City, guest: str) -> list[Item]:
    """Plans riders on the road, parked bicycles and motorcycles, and racks."""
    items = []
    ridden = ["bicycle"] * int(rng.poisson(0.9 * city.bicycles)) + ["motorcycle"] * int(rng.random() < 0.12)
    if guest in ("motorcycle", "rider"):
        ridden.append("bicycle" if guest == "rider" else "motorcycle")
    for label in ridden:
        x, z = rng.choice([street.right - 0.7, street.left + 0.8, street.curb(1) + 0.9]), rng.uniform(9, 36)
        aspect = float(rng.choice([-1, 1])) * rng.choice([rng.uniform(0.12, 0.35), rng.uniform(0.7, 1.0)])
        items.append(plan((x, z), draw_two_wheeler, people.Stand(x, z, aspect), label, True))
    for _ in range(int(rng.poisson(1.0 * city.bicycles))):
        side, z = int(rng.choice([-1, 1])), rng.uniform(8, 35)
        x, aspect = street.curb(side) + side * rng.uniform(0.5, 1.4), float(rng.choice([-1, 1])) * rng.uniform(0.3, 1.0)
        label = "motorcycle" if rng.random() < 0.15 else "bicycle"
        items.append(plan((x, z), draw_two_wheeler, people.Stand(x, z, aspect), label))
    if guest == "group" or rng.random() < 0.15:
        side = int(rng.choice([-1, 1]))
        place = (street.curb(side) + side * 1.2, rng.uniform(12, 28))
        items.append(plan(place, _draw_bicycle_rack, *place))
    return items


def _draw_bicycle_rack(canvas: Canvas, rng: Generator, x: float, z: float) -> None:
    """Draws a row of parked bicycles: `bicyclegroup`."""
    shapes = []
    for number in range(int(rng.integers(3, 7)), 0, -1):
        stand = people.Stand(x, z + 0.45 * number, float(rng.uniform(0.5, 0.8)))
        shapes += draw_two_wheeler(canvas, rng, stand, label=None)
    canvas.annotate_outline("bicyclegroup", shapes)
