"""A whole collection: what a million rows cost besides the network, and the network's own speed against all of it.

The first part classifies a million rows, a few tiny pictures again and again, with a model that is nearly nothing:
listing, reading, decoding, parts, writing and assembling remain, and the memory they take. The second classifies
pictures of a museum's preview size with a real network, in turn with the bare network on pictures in memory.
"""

import os
import resource
import tempfile
import threading
import time
from pathlib import Path

from common import ROUNDS, comparison, in_turn, main, say, significant

ROWS, SOME = 1_000_000, 100_000  # the memory of the one against that of the other
BACKBONES = {"EfficientNet-Lite0": 8, "ResNet50": 5}  # batches a round
SIDES = (600, 800)  # pixels
AIM = 0.95


def measure(small: bool) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        rows = [_rows(folder, count) for count in ((2_000, 4_000) if small else (SOME, ROWS))]
        found = [_network(folder, name, 1 if small else batches, 1 if small else ROUNDS)
                 for name, batches in list(BACKBONES.items())[:1 if small else None]]
    cost = rows[-1]["seconds"] / rows[-1]["rows"] * 1e6
    for one in found:
        one["hours_a_million"] = significant((one["ours"]["median"] / one["pictures"] * 1e6) / 3600)
    return {"rows": rows, "seconds_a_million_rows_without_network": significant(cost),
            "growth_mb": rows[-1]["peak_mb"] - rows[0]["peak_mb"], "comparisons": found}


class Nothing:
    """A network that looks at one pixel."""

    def predict_on_batch(self, pixels):
        import numpy as np

        features = pixels[:, 0, 0, :].astype(np.float32)
        return [features, np.full((len(pixels), 6), 1 / 6, np.float32)]


def _rows(folder: Path, count: int) -> dict:
    from artpose_lib.classify import classify as module

    tiny = folder / "tiny"
    tiny.mkdir(exist_ok=True)
    for number in range(100):
        _picture(tiny / f"{number:02}.png", (16, 16), number)
    (tiny / "list.txt").write_text("".join(f"{number % 100:02}.png\n" for number in range(count)))
    classifier, record, out = _classifier(Nothing(), 8, 3), _record(folder), folder / f"{count}.parquet"
    module.open_classifier = lambda *_: classifier
    begun, cpu = time.perf_counter(), time.process_time()
    with Memory() as memory:
        done, _ = module.classify(tiny / "list.txt", record, out)
    seconds = time.perf_counter() - begun
    say(f"{done:,} rows in {seconds:.0f} s, {memory.peak_mb} MB, {out.stat().st_size / 1e6:.1f} MB of output")
    return {"rows": done, "seconds": significant(seconds), "processor_seconds": significant(time.process_time() - cpu),
            "peak_mb": memory.peak_mb, "output_mb": significant(out.stat().st_size / 1e6)}


def _network(folder: Path, backbone: str, batches: int, rounds: int) -> dict:
    import keras
    import numpy as np

    from artpose_lib.classify import classify as module
    from artpose_lib.model import classifier as models
    from artpose_lib.model.backbones import BACKBONES as KNOWN
    from artpose_lib.model.features import BATCH

    size, count = KNOWN[backbone].input_size, batches * BATCH
    model = models.build_classifier(backbone, 6, size)  # random weights take as long as any
    features = model.get_layer(models.POOLED).output
    network = keras.Model(model.input, [features, model.output])
    classifier, record = _classifier(network, size, features.shape[-1]), _record(folder)
    module.open_classifier = lambda *_: classifier
    pixels = np.random.default_rng(0).integers(0, 256, (BATCH, size, size, 3), dtype=np.uint8)
    previews = folder / f"previews-{backbone}"
    previews.mkdir()
    for number in range(count):
        _picture(previews / f"{number:05}.jpg", SIDES, number)

    def bare():
        for _ in range(batches):
            network.predict_on_batch(pixels)

    def ours():
        out = folder / "out.parquet"
        out.unlink(missing_ok=True)
        module.classify(previews, record, out)

    bare(), ours()  # compile
    plain, own = in_turn(bare, ours, rounds=rounds)
    note = f"{count} JPEG of {SIDES[0]} x {SIDES[1]} at {size} in batches of {BATCH}; random weights"
    found = comparison(f"classify, {backbone}", plain, own, AIM, ("the network alone", "artpose classify"), note=note)
    return found | {"pictures": count}


class Memory:
    """The largest resident memory of this process while it is open, in MB, looked at ten times a second."""

    def __enter__(self):
        self.peak_mb, self._closed = 0, threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return self

    def __exit__(self, *reason):
        self._closed.set()
        self._thread.join()

    def _look(self):
        statm = Path("/proc/self/statm")
        while not self._closed.wait(0.1):
            if statm.exists():
                now = int(statm.read_text().split()[1]) * resource.getpagesize()
            else:  # the largest ever, which is all that other systems tell
                now = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
            self.peak_mb = max(self.peak_mb, round(now / 1e6))


def _picture(path: Path, size: tuple[int, int], seed: int) -> None:
    """A picture as hard to decode as a painting: soft shapes under a fine grain."""
    import numpy as np
    from PIL import Image

    rng = np.random.default_rng(seed)
    soft = Image.fromarray(rng.integers(0, 256, (6, 8, 3), np.uint8)).resize(size, Image.Resampling.BICUBIC)
    grain = np.asarray(soft, np.int16) + rng.integers(-12, 13, (size[1], size[0], 1))
    Image.fromarray(grain.clip(0, 255).astype(np.uint8)).save(path, quality=90)


def _classifier(network, size: int, channels: int):
    import numpy as np

    from artpose_lib.classify.model import Classifier
    from artpose_lib.train.means import ClassMeans

    known, rows = np.random.default_rng(0).random((800, channels), np.float32), np.arange(800)  # the thesis' number
    means = ClassMeans.fit(known, rows % 6, [(rows, rows[:100])])
    return Classifier("benchmark", tuple("ABCDEF"), size, network, 1.5, means)


def _record(folder: Path):
    from artpose_lib.train.records import RECORD, Record

    (folder / "record").mkdir(exist_ok=True)
    (folder / "record" / RECORD).write_text('{"config": {"data": "none"}}')
    return Record(folder / "record")


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main(measure)
