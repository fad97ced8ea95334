"""Which filter holds the torso, which the tree, the arrow, the background? A claim of the Discussion, tried out.

The thesis reads these four in five feature maps of one Sebastian (Section 4, Figure A.7). Here every filter is shown
many drawn Sebastians, of which the part that each pixel shows is known. (Bau and others 2017, "Network Dissection",
arXiv:1704.05796, did so with photographs whose parts people had outlined.)
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np
import pandas as pd

from artpose_lib.data.pictures import resize
from artpose_lib.draw.artwork import PARTS, Artwork
from artpose_lib.explain.maps import map_batches

POSE = "Sebastian"  # the pose of the thesis' Figure A.6, and the one that has all four parts
DRAWINGS = 80  # half of them to find a filter by, half to judge it by
SEED = 1869  # no drawing of the embedded data set has this seed, so no network was trained on these
SMALLEST = 0.002  # share of the picture below which a part does not count as seen
HEARD = 0.5  # a filter must answer in this share of the pictures with the part
RESAMPLES = 2000


class Probe(NamedTuple):
    """A drawing, uint8 RGB (h, w, 3), and where each of PARTS is seen: bool (h, w) by the part's name."""

    image: np.ndarray
    parts: Mapping[str, np.ndarray]

    def squeezed(self, size: int) -> np.ndarray:
        """The drawing as a network takes it, uint8 (size, size, 3)."""
        return resize(self.image, size)

    def shares(self, side: int) -> np.ndarray:
        """How much of each cell of a map each of PARTS covers, float64 (parts, side * side), 0 to 1."""
        return np.stack([cv2.resize(self.parts[name].astype(np.float32), (side, side), interpolation=cv2.INTER_AREA)
                         for name in PARTS]).reshape(len(PARTS), -1).astype(np.float64)


@lru_cache(maxsize=1)  # the networks of a chapter are all asked about the same
def probes(drawings: int = DRAWINGS) -> list[Probe]:
    """Drawn Sebastians with their parts. The same call gives the same drawings."""
    def draw(number: int) -> Probe:
        artwork = Artwork(POSE, np.random.default_rng([SEED, number]))
        return Probe(artwork.paint(), artwork.locate_parts())

    with ThreadPoolExecutor() as pool:  # most of the work is NumPy's and OpenCV's, which let other threads run
        return list(pool.map(draw, range(drawings)))


def dissect(model, layers: Sequence[str], drawings: int = DRAWINGS) -> pd.DataFrame:
    """For each part the filter of a network that holds it best, and how well it does on drawings that it was not chosen
    by.

    How well is a *density*: the share of the filter's energy (its squared answers) that lies on the part, divided by
    the part's share of the picture, both summed over the pictures in which the part is seen and the filter answers. 1
    is an answer that is spread evenly. Of thousands of filters the best is so by luck too; so it is chosen on one half
    of the drawings and measured on the other.

    Parameters: `model` is a flat keras.Model on uint8 pictures (n, size, size, 3); `layers` its layers to search,
    for the five blocks `BACKBONES[name].blocks`; `drawings` how many of them.
    Returns a row a part of PARTS: part, layer, filter (from 0), pictures (those that it is measured on), density, low
    and high (its 95 % interval, a percentile bootstrap over pictures). A part that no drawing shows in which a filter
    answers is left out. Raises ValueError where the model has no such layer.
    """
    return _best(_network_shares(model, layers, probes(drawings)))


def dissect_plainly(size: int, drawings: int = DRAWINGS) -> pd.DataFrame:
    """What needs no network, searched and measured alike: how light, how dark and how sharply bounded each place is of
    a drawing of `size` pixels a side. The layer is "", and filters 0 to 2 are these three."""
    return _best({"": _energy_shares(_plain_maps(probe.squeezed(size)), probe)} for probe in probes(drawings))


def _network_shares(model, layers: Sequence[str], drawn: Sequence[Probe]) -> Iterator[dict]:
    """For each drawing, by layer, what `_energy_shares` says of its maps."""
    images, following = np.stack([probe.squeezed(model.input_shape[1]) for probe in drawn]), iter(drawn)
    for batch in map_batches(model, images, layers):
        for own in zip(*batch.values(), strict=True):  # the maps of one drawing at each layer
            probe = next(following)
            yield {layer: _energy_shares(maps, probe) for layer, maps in zip(batch, own, strict=True)}


def _energy_shares(maps: np.ndarray, probe: Probe) -> tuple[np.ndarray, np.ndarray]:
    """Of maps (side, side, filters): what share of each filter's energy lies on each part, (parts, filters), NaN for a
    silent filter; and each part's share of the picture, (parts,)."""
    energy, masks = np.square(maps, dtype=np.float64).reshape(-1, maps.shape[-1]), probe.shares(len(maps))
    total = energy.sum(axis=0)
    return masks @ energy / np.where(total > 0, total, np.nan), masks.mean(axis=1)


def _plain_maps(image: np.ndarray) -> np.ndarray:
    """Lightness, darkness and edges of a picture, 0 to 1, float32 (size, size, 3)."""
    light = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    edges = np.hypot(cv2.Sobel(light, cv2.CV_32F, 1, 0), cv2.Sobel(light, cv2.CV_32F, 0, 1))
    return np.stack([light, 1 - light, edges / max(edges.max(), 1e-6)], axis=-1)


def _best(found: Iterable[dict]) -> pd.DataFrame:
    """A row a part: the filter that is densest on every other drawing, measured on those between."""
    drawings, rows = list(found), []
    for index, part in enumerate(PARTS):
        candidates = []
        for layer in drawings[0]:
            energy = np.stack([drawing[layer][0][index] for drawing in drawings])  # (drawings, filters)
            area = np.array([drawing[layer][1][index] for drawing in drawings])
            seen = area >= SMALLEST
            energy, area = energy[seen], area[seen]
            chosen = _densities(energy[::2], area[::2])
            if np.isfinite(chosen).any():
                best = int(np.nanargmax(chosen))
                candidates.append((chosen[best], layer, best, energy[1::2, best], area[1::2]))
        if candidates:
            _, layer, best, energy, area = max(candidates, key=lambda candidate: candidate[0])
            rows.append({"part": part, "layer": layer, "filter": best} | _judged(energy, area))
    return pd.DataFrame(rows)


def _densities(energy: np.ndarray, area: np.ndarray) -> np.ndarray:
    """The density of each filter, (filters,), of shares (pictures, filters) and (pictures,); NaN for one that is rarely
    heard."""
    heard = np.isfinite(energy)
    summed = np.where(heard, area[:, None], 0).sum(axis=0)
    enough = (heard.mean(axis=0) >= HEARD) & (summed > 0) if len(heard) else np.zeros(energy.shape[1], bool)
    return np.where(enough, np.nansum(energy, axis=0) / np.where(summed > 0, summed, 1), np.nan)


def _judged(energy: np.ndarray, area: np.ndarray) -> dict:
    """The density of one filter with its interval, of shares (pictures,)."""
    heard = np.isfinite(energy)
    energy, area = energy[heard], area[heard]
    drawn = np.random.default_rng(0).integers(len(energy), size=(RESAMPLES, len(energy))) if len(energy) else []
    again = energy[drawn].sum(axis=1) / area[drawn].sum(axis=1) if len(energy) else [np.nan]
    low, high = np.percentile(again, [2.5, 97.5])
    return {"pictures": len(energy), "density": energy.sum() / area.sum() if len(energy) else np.nan,
            "low": low, "high": high}
