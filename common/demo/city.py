"""The invented cities of the demo dataset, and the street that a frame shows.

Each city has its own walls, trees, traffic and air, so that cities not seen in training are new to a network.
"""

from dataclasses import dataclass

from numpy.random import Generator


@dataclass(frozen=True)
class City:
    """What the streets of one city have in common.

    Attributes:
        name: The name in file names.
        walls: Colours of house fronts.
        floors: Fewest and most floors of a house.
        trees: How many trees stand along 100 metres of pavement.
        leaves: Mean colour of leaves.
        pavement: Mean colour of sidewalks.
        trams: How often a street has rails.
        bicycles: How many riders and parked bicycles there are, 1 is usual.
        haziness: Factor on the haze.
    """

    name: str
    walls: tuple[tuple[int, int, int], ...]
    floors: tuple[int, int]
    trees: float
    leaves: tuple[int, int, int]
    pavement: tuple[int, int, int]
    trams: float
    bicycles: float
    haziness: float


_PLASTER = ((214, 198, 168), (190, 176, 160), (224, 214, 196), (178, 150, 120), (200, 170, 130))
_BRICK = ((142, 84, 66), (160, 98, 76), (120, 78, 64), (176, 130, 104), (110, 96, 88))
_CONCRETE = ((150, 150, 148), (128, 132, 136), (170, 168, 160), (110, 114, 120), (188, 186, 182))
_PASTEL = ((206, 176, 150), (176, 186, 170), (210, 200, 150), (170, 180, 196), (204, 160, 150))
TRAIN_CITIES = (
    City("ahornstadt", _PLASTER, (3, 5), 5.0, (84, 104, 52), (134, 130, 126), 0.15, 1.0, 1.0),
    City("brueckheim", _BRICK, (2, 4), 3.0, (74, 96, 56), (140, 118, 108), 0.1, 1.8, 1.2),
    City("glasborn", _CONCRETE, (4, 9), 2.5, (92, 108, 60), (142, 142, 142), 0.35, 0.7, 1.0),
    City("hafenburg", _BRICK + _CONCRETE, (3, 6), 1.5, (88, 98, 64), (120, 120, 122), 0.25, 1.3, 1.6),
    City("weinfeld", _PASTEL, (2, 3), 8.0, (104, 110, 48), (150, 144, 134), 0.0, 1.0, 0.8),
)
VAL_CITIES = (
    City("lindental", _PLASTER + _PASTEL, (2, 5), 6.0, (90, 106, 56), (138, 134, 130), 0.2, 1.2, 1.0),
    City("steinau", _CONCRETE + _BRICK, (3, 7), 3.0, (80, 100, 58), (130, 128, 126), 0.3, 1.0, 1.2),
)
CITY_OF_NAME = {city.name: city for city in TRAIN_CITIES + VAL_CITIES}


@dataclass(frozen=True)
class Street:
    """The cross-section of a street, in metres; `x` is measured from the camera.

    Attributes:
        left: Where the carriageway ends on the left, negative.
        right: Where it ends on the right.
        parking: Width of the strips for parked cars on the left and right, 0 for none.
        pavement: Width of the sidewalks.
        verge: Width of the grass beyond the sidewalks on the left and right.
        crossing: Distance of a side street, or 0 for none.
        rails: Where the middle of a tram's track lies, or None.
        end: Distance up to which there are houses.
    """

    left: float
    right: float
    parking: tuple[float, float]
    pavement: float
    verge: tuple[float, float]
    crossing: float
    rails: float | None
    end: float

    def curb(self, side: int) -> float:
        """Gives where the sidewalk begins on a side, -1 or 1."""
        return self.left - self.parking[0] if side < 0 else self.right + self.parking[1]

    def front(self, side: int) -> float:
        """Gives where the plots begin on a side: behind sidewalk and grass."""
        return self.curb(side) + side * (self.pavement + self.verge[side > 0])

    def is_crossing(self, z: float, margin: float = 0.0) -> bool:
        """Tells whether the side street passes at the distance `z`."""
        return self.crossing > 0 and self.crossing - margin < z < self.crossing + CROSSING_METRES + margin


CROSSING_METRES = 9.0


def make_street(rng: Generator, city: City, has_rails: bool = False) -> Street:
    """Draws the cross-section of a street.

    Args:
        city: The city of the street.
        has_rails: Whether there must be rails for a tram; otherwise they are as frequent as the city has them.
    """
    lanes = int(rng.choice([1, 1, 2]))
    lane = rng.uniform(3.0, 3.6)
    has_rails = rng.random() < city.trams or has_rails
    offset = rng.uniform(-0.3, 0.3)
    parking = [float(rng.choice([0.0, 2.3], p=[0.45, 0.55])) for _ in range(2)]
    verge = [float(rng.choice([0.0, rng.uniform(1.5, 7.0)], p=[0.5, 0.5])) for _ in range(2)]
    return Street(
        left=float(-lane * (lanes + 0.5) - offset - (3.4 if has_rails else 0.0)),
        right=float(lane / 2 - offset + (0.9 if lanes == 1 else 0.3)),
        parking=(parking[0], parking[1]),
        pavement=float(rng.uniform(2.2, 5.0)),
        verge=(verge[0], verge[1]),
        crossing=float(rng.uniform(16, 45)) if rng.random() < 0.45 else 0.0,
        rails=float(-lane * (lanes + 0.5) - offset - 1.6) if has_rails else None,
        end=float(rng.uniform(90, 220)),
    )
