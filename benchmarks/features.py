"""Features of pictures on disk against the network's own forward speed: is reading them hidden, and the memory flat?

In turn, on as many pictures: the bare network on a batch in memory; `features.forward` over files; and the way without
it, which reads all pictures and then calls `predict`. Then ten thousand files go through a network that is nearly
nothing, to see what the memory does. The floor is what is left of the network's speed where it keeps every core busy
by itself and reading takes its share of them.
"""

import itertools
import os
import tempfile
import time
from pathlib import Path

from classify import SIDES, Memory, Nothing, _picture
from common import ROUNDS, comparison, in_turn, main, say, significant

BACKBONES = {"EfficientNet-Lite0": 8, "ResNet50": 4, "Xception": 2}  # batches a round; VGG16 is slower, and hides more
FILES = (1_000, 10_000)
AIM = 0.95


def measure(small: bool) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{number:03}.jpg" for number in range(32 if small else 256)]
        for number, path in enumerate(files):
            _picture(path, SIDES, number)
        memory = [_memory(files, count) for count in ((100, 200) if small else FILES)]
        found, floor = [], {}
        for name, batches in list(BACKBONES.items())[:1 if small else None]:
            found += _backbone(files, name, 1 if small else batches, 1 if small else ROUNDS)
            reading = _reading_seconds(files, name) / (os.cpu_count() or 1)
            alone = found[-2]["plain"]["median"] / found[-2]["pictures"]
            floor[name] = {"best_ratio": significant(alone / (alone + reading))}
    return {"memory": memory, "growth_mb": memory[-1]["peak_mb"] - memory[0]["peak_mb"], "floor": floor,
            "comparisons": found}


def _reading_seconds(files: list[Path], backbone: str) -> float:
    """Seconds of one core that reading, decoding and resizing a picture takes."""
    from artpose_lib.model.backbones import BACKBONES as KNOWN

    read, begun = _reader(KNOWN[backbone].input_size), time.process_time()
    for path in files[:64]:
        read(path)
    return (time.process_time() - begun) / len(files[:64])


def _memory(files: list[Path], count: int) -> dict:
    from artpose_lib.data.pictures import read_ahead
    from artpose_lib.model.features import forward

    with Memory() as memory:
        pictures = read_ahead(_reader(224), itertools.islice(itertools.cycle(files), count))
        done = sum(1 for _ in forward(Nothing(), pictures))
    say(f"{done:,} files: {memory.peak_mb} MB")
    return {"pictures": done, "peak_mb": memory.peak_mb}


def _backbone(files: list[Path], backbone: str, batches: int, rounds: int) -> list[dict]:
    import numpy as np

    from artpose_lib.data.pictures import read_ahead
    from artpose_lib.model import classifier
    from artpose_lib.model.backbones import BACKBONES as KNOWN
    from artpose_lib.model.features import BATCH, forward

    size = KNOWN[backbone].input_size
    network = classifier.pooled_model(classifier.build_classifier(backbone, 6, size))  # random weights: as quick
    pixels = np.random.default_rng(0).integers(0, 256, (BATCH, size, size, 3), dtype=np.uint8)
    chosen, read = files[:batches * BATCH], _reader(size)

    def bare():
        for _ in range(batches):
            network.predict_on_batch(pixels)

    def ours():
        list(forward(network, read_ahead(read, chosen)))

    def before():
        network.predict(np.stack([read(path) for path in chosen]), batch_size=BATCH, verbose=0)

    bare(), before()  # compile
    alone, own, whole = in_turn(bare, ours, before, rounds=rounds)
    note = f"{len(chosen)} JPEG of {SIDES[0]} x {SIDES[1]} at {size} in batches of {BATCH}; random weights"
    return [comparison(f"features, {backbone}", alone, own, AIM, ("the network alone", "from files"), note=note)
            | {"pictures": len(chosen)},
            comparison(f"features at once, {backbone}", whole, own, 1, ("read all, then predict", "from files"),
                       note=note)]


def _reader(size: int):
    from artpose_lib.data.pictures import decode_square

    return lambda path: decode_square(path.read_bytes(), size)


if __name__ == "__main__":
    main(measure)
