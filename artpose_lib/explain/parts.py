"""Which filter holds the torso, which the tree, the arrows, the background? (Discussion, Section 4, and Figure A.7)

Every filter is shown drawings of which the part that each pixel shows is known, as in "Network Dissection" (Bau and
others 2017, arXiv:1704.05796).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import cv2
import numpy as np
import pandas as pd

from artpose_lib.data.pictures import read_ahead, resize
from artpose_lib.draw.artwork import PARTS, Artwork
from artpose_lib.explain.filters import HEARD
from artpose_lib.explain.maps import feature_maps

POSE = "Sebastian"  # the pose of the thesis' Figure A.6, and the one that has all four parts
DRAWINGS = 80  # half of them to choose a filter by, half to measure it on
SEED = 1869  # no drawing of the embedded data set has this seed, so no network was trained on these
SMALLEST = 0.002  # share of the picture below which a part does not count as seen
RESAMPLES = 2000


class Probe(NamedTuple):
    """A drawing, uint8 RGB (h, w, 3), and where each of PARTS is seen: bool (h, w) by the part's name."""

    image: np.ndarray
    parts: Mapping[str, np.ndarray]

    def part_shares(self, side: int) -> np.ndarray:
        """Return how much of each cell of a map each of PARTS covers, float64 (parts, side * side), 0 to 1."""
        return np.stack([cv2.resize(self.parts[name].astype(np.float32), (side, side), interpolation=cv2.INTER_AREA)
                         for name in PARTS]).reshape(len(PARTS), -1).astype(np.float64)


def draw_probes(count: int) -> list[Probe]:
    """Draw Sebastians with their parts, always the same."""
    def draw(number: int) -> Probe:
        artwork = Artwork(POSE, np.random.default_rng([SEED, number]))
        return Probe(artwork.paint(), artwork.locate_parts())

    return list(read_ahead(draw, range(count)))


def dissect(model, layers: Sequence[str], probes: Sequence[Probe]) -> pd.DataFrame:
    """Find for each part the filter of some layers that holds it best, and measure it on other drawings.

    The measure is a *density*: the share of the filter's energy (its squared answers) that lies on the part, divided by
    the part's share of the picture, both summed over the pictures in which the part is seen and the filter answers. 1
    is an answer that is spread evenly.
    Returns a row a part of PARTS: part, layer, filter (from 0), chosen_density (on the drawings that it was chosen by),
    and on the others: pictures, density, low and high (its 95 % interval, a percentile bootstrap over pictures). A part
    for which no filter answers is left out.
    Raises ValueError where the model has no such layer.
    """
    images = np.stack([resize(probe.image, model.input_shape[1]) for probe in probes])
    return _best_filters(feature_maps(model, images, layers), probes)


def dissect_light_and_edges(size: int, probes: Sequence[Probe]) -> pd.DataFrame:
    """Do the same with three maps of a drawing of `size` pixels a side: how light (filter 0 of the layer ""), how dark
    (1) and how sharply bounded (2) each place is."""
    return _best_filters(({"": light_and_edges(resize(probe.image, size))} for probe in probes), probes)


def _energy_shares(maps: np.ndarray, probe: Probe) -> tuple[np.ndarray, np.ndarray]:
    """Return what share of each filter's energy lies on each part, (parts, filters), NaN for a silent one, of maps
    (side, side, filters); and each part's share of the picture."""
    energy, masks = np.square(maps).reshape(-1, maps.shape[-1]), probe.part_shares(len(maps))
    *held, total = (np.vstack([masks, np.ones_like(masks[:1])]).astype(np.float32) @ energy).astype(float)
    return held / np.where(total > 0, total, np.nan), masks.mean(axis=1)


def light_and_edges(image: np.ndarray) -> np.ndarray:
    """Return lightness, darkness and edges of a picture, 0 to 1, float32 (size, size, 3)."""
    light = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    edges = np.hypot(cv2.Sobel(light, cv2.CV_32F, 1, 0), cv2.Sobel(light, cv2.CV_32F, 0, 1))
    return np.stack([light, 1 - light, edges / max(edges.max(), 1e-6)], axis=-1)


def _best_filters(maps: Iterable[Mapping[str, np.ndarray]], probes: Sequence[Probe]) -> pd.DataFrame:
    """Return a row a part: the filter that is densest on every other drawing, measured on those between."""
    drawings = [{layer: _energy_shares(own, probe) for layer, own in found.items()}
                for found, probe in zip(maps, probes, strict=True)]
    rows = []
    for index, part in enumerate(PARTS):
        candidates = []
        for layer in drawings[0]:
            # The filters' shares, (drawings, filters), and the part's own, of the drawings that show it.
            energy, area = (np.stack([drawing[layer][what][index] for drawing in drawings]) for what in (0, 1))
            energy, area = energy[area >= SMALLEST], area[area >= SMALLEST]
            densities = _densities(energy[::2], area[::2])
            if np.isfinite(densities).any():
                best = int(np.nanargmax(densities))
                candidates.append((densities[best], layer, best, energy[1::2, best], area[1::2]))
        if candidates:
            chosen, layer, best, energy, area = max(candidates, key=lambda candidate: candidate[0])
            rows.append({"part": part, "layer": layer, "filter": best, "chosen_density": chosen}
                        | _density_interval(energy, area))
    return pd.DataFrame(rows)


def _densities(energy: np.ndarray, area: np.ndarray) -> np.ndarray:
    """Return the density of each filter, of shares (pictures, filters) and (pictures,); NaN for one rarely heard."""
    heard = np.isfinite(energy)
    summed = np.where(heard, area[:, None], 0).sum(axis=0)
    enough = (heard.sum(axis=0) >= HEARD * len(heard)) & (summed > 0)
    return np.nansum(energy, axis=0) / np.where(enough, summed, np.nan)


def _density_interval(energy: np.ndarray, area: np.ndarray) -> dict:
    """Return the density of one filter with its interval, of shares (pictures,)."""
    heard = np.isfinite(energy)
    energy, area, count = energy[heard], area[heard], int(heard.sum())
    if count < 2:  # an interval takes two
        return {"pictures": count, "density": np.nan, "low": np.nan, "high": np.nan}
    rows = np.random.default_rng(0).integers(count, size=(RESAMPLES, count))
    low, high = np.percentile(energy[rows].sum(axis=1) / area[rows].sum(axis=1), [2.5, 97.5])
    return {"pictures": count, "density": energy.sum() / area.sum(), "low": low, "high": high}
