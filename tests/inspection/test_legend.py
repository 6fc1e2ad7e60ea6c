import numpy as np
import pytest

from common.inspection.legend import draw_legend


def colors_of(picture):
    return {tuple(color) for color in np.unique(picture.reshape(-1, 3), axis=0).tolist()}


@pytest.mark.parametrize("number", [1, 20, 21, 255])
def test_every_colour_is_there_and_fits_on_the_picture(number):
    rows = [(value, f"class {value}", (value, 1, 255 - value)) for value in range(number)]
    picture = draw_legend(rows)
    assert {color for _, _, color in rows} <= colors_of(picture)
    for side in (picture[:20], picture[-20:], picture[:, :20], picture[:, -20:]):
        assert (side == 255).all()


def test_names_of_strangers_are_cut_and_nothing_is_drawn_over_the_next_column():
    rows = [(value, "n" * 500 + "\x1b", (9, 9, 200)) for value in range(40)]
    picture = draw_legend(rows)
    assert picture.shape[1] < 1200
    # Columns begin with patches, 24 pixels from their left side, with white before them.
    assert (picture[:, picture.shape[1] // 2 : picture.shape[1] // 2 + 20] == 255).all()
