"""SMOTE and imgaug, 630 to 1,944 pictures: the library's `augment` against imbalanced-learn and imgaug called plainly.

The plain way is the published scripts': all pictures flattened to float64 at once for SMOTE, then rounds of imgaug over
whole arrays. Each run is a process of its own, so that its peak of memory is its own; the pictures' own memory counts
for neither.
"""

import hashlib
import json
import resource
import subprocess
import sys

from common import ROUNDS, comparison, main, seconds

COUNTS = (127, 123, 110, 100, 90, 80)  # 630 in six classes, the largest as in Section 2.2.6
SIZE, SEED, BACKBONE = 299, 40, "Xception"


def measure(small: bool) -> dict:
    runs = {way: [] for way in WAYS}
    for _ in range(1 if small else ROUNDS):
        for way in WAYS:
            done = subprocess.run([sys.executable, __file__, way, *(["small"] if small else [])], check=True,
                                  stdout=subprocess.PIPE, text=True)
            runs[way].append(json.loads(done.stdout))
    ways = "imbalanced-learn and imgaug, plainly", "augment.py"
    column = {way: {key: [run[key] for run in found] for key in found[0]} for way, found in runs.items()}
    plain, ours = column["plainly"], column["ours"]
    return {"pictures": [ours["before"][0], ours["after"][0]], "same_pictures": plain["digest"] == ours["digest"],
            "means": [plain["mean"][0], ours["mean"][0]], "spreads": [plain["spread"][0], ours["spread"][0]],
            "comparisons": [
                comparison("augmentation, time", plain["seconds"], ours["seconds"], 1, ways),
                comparison("augmentation, peak memory", plain["mib"], ours["mib"], 2, ways, unit="MiB above the input",
                           note="the same pictures to the last pixel" if plain["digest"] == ours["digest"] else
                           "other pictures")]}


def plainly(images, labels):
    """What a notebook would do."""
    import numpy as np
    from imblearn.over_sampling import SMOTE

    from artpose_lib.train.augment import expand

    flat = images.reshape(len(images), -1).astype(np.float64)
    flat, labels = SMOTE(random_state=SEED).fit_resample(flat, labels)
    return expand(np.rint(flat).astype(np.uint8).reshape(-1, *images.shape[1:]), labels, BACKBONE, SEED)


def ours(images, labels):
    from artpose_lib.train.augment import augment

    return augment(images, labels, BACKBONE, SEED)


WAYS = {"plainly": plainly, "ours": ours}


def run(way: str, small: bool) -> dict:
    """One augmentation in this process: seconds, peak memory above the input, and the pictures' digest."""
    import numpy as np

    size, counts = (32, [count // 8 for count in COUNTS]) if small else (SIZE, COUNTS)
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(len(counts)), counts)
    coarse = rng.integers(0, 256, (len(labels), 13, 13, 3), dtype=np.uint8)  # patches, as pictures have
    images = coarse.repeat(-(-size // 13), axis=1).repeat(-(-size // 13), axis=2)[:, :size, :size].copy()
    WAYS[way](images[:14], np.repeat([0, 1], [6, 8]))  # imports, first calls
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    made = []
    taken = seconds(lambda: made.append(WAYS[way](images, labels)))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    pictures, _ = made[0]
    return {"seconds": taken, "mib": (peak - before) / 1024, "before": len(images), "after": len(pictures),
            "digest": hashlib.sha256(pictures.tobytes()).hexdigest()[:12], "mean": float(pictures.mean()),
            "spread": float(pictures[:, ::8, ::8].std())}


if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1] in WAYS:
        print(json.dumps(run(sys.argv[1], sys.argv[2:] == ["small"])))
    else:
        main(measure)
