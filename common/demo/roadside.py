"""Both sides of a street: houses, walls and hedges between them, trees, lamps and signs."""

import numpy as np
from numpy.random import Generator

from common.demo import barriers, furniture, greenery
from common.demo.buildings import House, draw_house
from common.demo.city import City, Street
from common.demo.plan import Item, plan
from common.demo.shapes import Ends
from common.demo.signs import draw_sign


def plan_roadside(rng: Generator, street: Street, city: City) -> list[Item]:
    """Chooses houses, trees and furniture on both sides.

    Args:
        street: The cross-section.
        city: Decides walls and trees.

    """
    items = []
    for side in (-1, 1):
        items += _plan_plots(rng, street, city, side)
        items += _plan_trees(rng, street, city, side)
        items += _plan_furniture(rng, street, side)
    if rng.random() < 0.07:
        z = rng.uniform(45, 80)
        items.append(plan((0.0, z), furniture.draw_bridge, z))
    return items


def _plan_plots(rng: Generator, street: Street, city: City, side: int) -> list[Item]:
    """Lines a side with houses, and with walls, fences and hedges where there is none."""
    items, x = [], street.front(side)
    z = rng.uniform(3, 12)
    while z < street.end:
        far = z + rng.uniform(9, 24)
        if street.is_crossing(z, 0.5) or street.is_crossing(far, 0.5) or z < street.crossing < far:
            if street.crossing - z <= 6:
                z = street.crossing + 10
                continue
            far = street.crossing - 0.5
        if rng.random() < 0.72:
            wall = np.array(city.walls[int(rng.integers(len(city.walls)))])
            color = np.clip(wall + rng.normal(0, 10) + rng.normal(0, 3, 3), 30, 240)
            floors = int(rng.integers(city.floors[0], city.floors[1] + 1))
            house = House(side, x + side * rng.choice([0.0, 0.0, 0.8]), z, far, floors, color)
            items.append(plan((house.x, z, far), draw_house, house))
        else:
            items += _plan_gap(rng, city, (x, z, far), side)
        z = far + float(rng.choice([0.0, 0.0, rng.uniform(2, 6)]))
    return items


def _plan_gap(rng: Generator, city: City, ends: Ends, side: int) -> list[Item]:
    """Closes a gap between houses with a wall, a fence, a hedge or a guard rail, and puts trees behind it."""
    x, near, far = ends
    items = []
    for z in np.arange(near + 1.5, far, 4.0):
        place = (x + side * rng.uniform(3, 7), z + 2)
        items.append(plan(place, greenery.draw_tree, place, rng.uniform(5, 10), city.leaves))
    kind = rng.random()
    if kind < 0.38:
        items.append(plan(ends, barriers.draw_wall, ends, rng.uniform(1.0, 3.2)))
    elif kind < 0.78:
        items.append(plan(ends, barriers.draw_fence, ends, rng.uniform(0.9, 2.0)))
    elif kind < 0.92:
        items.append(plan(ends, greenery.draw_hedge, ends, rng.uniform(1.0, 2.2), city.leaves))
    else:
        items.append(plan(ends, barriers.draw_guard_rail, ends))
    return items


def _plan_trees(rng: Generator, street: Street, city: City, side: int) -> list[Item]:
    """Plants trees along the pavement."""
    if rng.random() > 0.45 + 0.08 * city.trees:
        return []
    inside = street.pavement + 1.0 if street.verge[side > 0] else street.pavement * 0.15 + 0.3
    x = street.curb(side) + side * inside
    pitch = max(6.0, 100 / (city.trees + 1) * rng.uniform(0.5, 1.1))
    tall = rng.uniform(5, 12)
    items = []
    for z in np.arange(rng.uniform(8, 20), min(street.end, 110), pitch) + rng.normal(0, 0.6):
        if not street.is_crossing(z, 3):
            items.append(plan((x, z), greenery.draw_tree, (x, z), tall * rng.uniform(0.8, 1.15), city.leaves))
    return items


def _plan_furniture(rng: Generator, street: Street, side: int) -> list[Item]:
    """Puts lamps, signs, lights, bollards and bins on the pavement."""
    x = street.curb(side) + side * 0.55
    items = []
    for z in np.arange(rng.uniform(8, 26), min(street.end, 120), rng.uniform(18, 32)):
        items.append(plan((x, z), furniture.draw_lamp, (x, z), side))
    for _ in range(int(rng.integers(1, 5))):
        place = (x + side * rng.uniform(-0.2, 0.5), rng.uniform(9, 50))
        items.append(plan(place, draw_sign, place))
    if street.crossing and rng.random() < 0.75:
        for z in (street.crossing - 1.0, street.crossing + 11.0)[: int(rng.integers(1, 3))]:
            items.append(plan((x, z), furniture.draw_traffic_light, (x, z), side))
    if rng.random() < 0.3:
        place = (x, rng.uniform(9, 24))
        items.append(plan(place, furniture.draw_pole_group, place))
    for _ in range(int(rng.integers(0, 3))):
        place = (street.curb(side) + side * rng.uniform(0.6, max(0.7, street.pavement - 0.4)), rng.uniform(9, 40))
        items.append(plan(place, furniture.draw_bin, place))
    return items
