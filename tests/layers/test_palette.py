from itertools import combinations

import numpy as np
import pytest

from gisapp.errors import InputError
from layers import palette

# Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB.
VISION = {
    "normal": np.eye(3),
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)


def lab(colour, vision="normal"):
    part = np.array(palette.rgb(colour)) / 255
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    xyz = TO_XYZ @ np.clip(np.array(VISION[vision]) @ linear, 0, 1) / [0.95047, 1.0, 1.08883]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def least_distance(colours, vision):
    return min(np.linalg.norm(lab(a, vision) - lab(b, vision)) for a, b in combinations(colours, 2))


@pytest.mark.parametrize("theme", palette.THEMES)
@pytest.mark.parametrize("vision", VISION)
def test_utilities_and_ways_to_lose_supply_are_told_apart_by_every_vision(theme, vision):
    utilities = [palette.utility_colour(name, theme) for name in ("water", "power", "heating", "gas")]
    assert least_distance(utilities, vision) > 17
    assert least_distance(palette.shutoff_colours(theme).values(), vision) > 17
    assert least_distance(palette.task_colours(theme).values(), vision) > 17
    assert least_distance(palette.clock_colours(theme).values(), vision) > 17


@pytest.mark.parametrize("theme", palette.THEMES)
@pytest.mark.parametrize("vision", VISION)
def test_incident_types_are_told_apart_by_every_vision(theme, vision):
    assert least_distance(palette.incident_colours(theme).values(), vision) > 17


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("theme", palette.THEMES)
def test_surface_classes_get_steadily_further_from_the_ground(theme, vision):
    lightness = [lab(colour, vision)[0] for colour in palette.surface_colours(8, theme)]
    steps = np.diff(lightness) * (1 if theme == "dark" else -1)
    assert (steps > 3).all()
    assert least_distance(palette.surface_colours(8, theme), vision) > 10


@pytest.mark.parametrize("classes", [2, 5, 16])
def test_a_palette_has_as_many_colours_as_classes(classes):
    assert len(set(palette.surface_colours(classes))) == classes


def test_unknown_themes_and_counts_are_refused():
    with pytest.raises(InputError, match="found theme 'grey'"):
        palette.surface_colours(8, "grey")
    with pytest.raises(InputError, match="found 17 classes"):
        palette.surface_colours(17)
