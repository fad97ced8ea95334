"""Pictures that were optimised for filters, beside the maps of a page that `reader` writes."""

from collections.abc import Mapping, Sequence
from math import ceil, sqrt
from pathlib import Path

import numpy as np
from PIL import Image

from artpose_lib.explain.maps import feature_maps, tile
from artpose_lib.explain.networks import IMAGENET, SCRATCH, TUNED, TestedNetworks
from artpose_lib.explain.reader import Reader, ReaderModel, slug, write_script
from artpose_lib.explain.visualise import FOLDER, Filter, read_block, visualise
from artpose_lib.model.backbones import weights_fingerprint

# By a network's title and a layer: the pictures of some filters, counted from 0, uint8 RGB (side, side, 3).
Optimised = Mapping[tuple[str, str], Mapping[int, np.ndarray]]
QUALITY = 75  # of WebP
TILE = 48  # pixels a side, of the sheet with all of a block


def find_stored(networks: TestedNetworks, results: Path, weights_dir: str | None) -> list[Optimised]:
    """Read of each model the pictures that `artpose visualise` stored below `results`."""
    found = []
    for record, model in zip(networks.records, networks.models, strict=True):
        name = record.config["recipe"]["backbone"]
        places = {title: record.folder.name for title in (TUNED, SCRATCH)}
        if IMAGENET in model.networks:
            places[IMAGENET] = f"{name}-{weights_fingerprint(name, weights_dir)}"
        found.append({(title, layer): read_block(results / FOLDER / places[title] / layer,
                                                 network.get_layer(layer).output.shape[-1])
                      for title, network in model.networks.items() if title in places for layer in model.layers})
    return found


def optimise(model: ReaderModel, filters: Sequence[Filter], stored: Optimised) -> Optimised:
    """Make pictures for some filters in all networks of a model, where `stored` has none of any of them; returns them
    and those that it has."""
    pictures = {key: dict(own) for key, own in stored.items()}
    missing = [(layer, number) for layer, number in dict.fromkeys(filters)
               if any(number not in pictures.get((title, layer), {}) for title in model.networks)]
    drawn = visualise([*model.networks.values()], missing) if missing else [()] * len(model.networks)
    for title, own in zip(model.networks, drawn, strict=True):
        for (layer, number), picture in zip(missing, own, strict=True):
            pictures.setdefault((title, layer), {}).setdefault(number, picture)
    return pictures


def add_optimised(reader: Reader, folder: Path, model: ReaderModel, pictures: Optimised) -> None:
    """Add optimised pictures to a reader's page and its folder, as it was written.

    `model` is one of the reader's. The page loads each picture when its filter is looked at.
    """
    blocks = next(one for one in reader.index["models"] if one["key"] == model.key)["blocks"]
    for number, layer in enumerate(model.layers, 1):
        own = {title: pictures[title, layer] for title in model.networks if pictures.get((title, layer))}
        if not own:
            continue
        for title, drawn in own.items():
            _write_pictures(folder / model.key / slug(title) / f"{number}-optimised", drawn)
        first, (after, *before) = next(iter(own)), own.values()
        kept = measure_kept(model.networks[first], layer, before[0], after) if before else {}
        write_script(folder, f"{model.key}/{number}-optimised",
                     {"networks": {slug(title): sorted(drawn) for title, drawn in own.items()},
                      "kept": {filter: round(share, 3) for filter, share in kept.items()}})
        blocks[number - 1]["optimised"] = True


def measure_kept(network, layer: str, before: Mapping[int, np.ndarray],
                 after: Mapping[int, np.ndarray]) -> dict[int, float]:
    """Return how strongly filters of a trained network answer to the pictures optimised for them before training, as
    shares of their mean answers to those optimised after it: of those that have both and are heard in the latter."""
    both = sorted(after.keys() & before.keys())
    then, now = (measure_answers(network, layer, {filter: own[filter] for filter in both}) for own in (before, after))
    return {filter: then[filter] / now[filter] for filter in both if now[filter] > 0}


def measure_answers(network, layer: str, pictures: Mapping[int, np.ndarray]) -> dict[int, float]:
    """Return the mean answer of each filter to its own picture, uint8 RGB (side, side, 3) at its own scale."""
    images = np.array([_fit(picture, network.input_shape[1]) for picture in pictures.values()])
    maps = feature_maps(network, images, [layer]) if len(images) else ()
    return {filter: float(own[layer].mean(axis=(0, 1))[filter]) for filter, own in zip(pictures, maps, strict=True)}


def _fit(picture: np.ndarray, size: int) -> np.ndarray:
    """Return a square picture at its own scale, (size, size, 3): cut to its middle, or mirrored at its edges."""
    more = max(size - len(picture), 0)
    picture = np.pad(picture, [(more // 2, more - more // 2)] * 2 + [(0, 0)], mode="symmetric")
    start = (len(picture) - size) // 2
    return picture[start:start + size, start:start + size]


def _write_pictures(folder: Path, pictures: Mapping[int, np.ndarray]) -> None:
    """Write each picture as a file, named by its filter from 1, and beside their folder a sheet of all, row by row."""
    folder.mkdir()
    drawn = {filter: Image.fromarray(pictures[filter]) for filter in sorted(pictures)}
    for filter, picture in drawn.items():
        picture.save(folder / f"{filter + 1}.webp", quality=QUALITY)
    small = np.stack([picture.resize((TILE, TILE)) for picture in drawn.values()])
    tile(small, ceil(sqrt(len(drawn)))).save(folder.with_suffix(".webp"), quality=QUALITY)
