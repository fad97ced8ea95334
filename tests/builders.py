"""Small inputs that several tests make: pictures, folders of them, predictions."""

import os

import numpy as np
import pandas as pd
from PIL import Image, ImageCms

from artpose_lib.data.poses import POSES, Query

CLASSES = ["A", "B", "C"]
HOSTILE = ['=HYPERLINK("x","y").png', "@SUM(A1).png", "<script>alert(1)<script>.png", "two\nlines.png",
           "\u202egnp.exe.png", "ünï çødé.png", "'; DROP TABLE x.png", " leading and trailing .png", "a,b;c\t.png",
           "-rf.png", "%00.png", os.fsdecode(b"latin1-\xe9.png")]
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
# Red and green change places in this colour profile, which is called sRGB all the same.
SWAPPED = SRGB.replace(b"rXYZ", b"swap").replace(b"gXYZ", b"rXYZ").replace(b"swap", b"gXYZ")


def picture(path, colour=(200, 10, 10), size=(8, 8)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path, "PNG")
    return path


def smooth(seed, width=600, height=400, detail=6):
    """A smooth random picture: low frequencies, as paintings have."""
    noise = np.random.default_rng(seed).integers(0, 256, (detail, detail, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC)


def scene(seed=0, side=96):
    """A smooth random picture, uint8 (side, side, 3)."""
    return np.asarray(smooth(seed, side, side))


def draw(path, seed):
    """A smooth random picture of 40 x 30 pixels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    smooth(seed, 40, 30, 5).save(path)


def make_folder(folder, counts, **columns):
    """Pictures and a metadata.csv, for example {"A": 4, "B": 5}; the frame that was written."""
    names = [(f"{label}/{number}.png", label) for label, n in counts.items() for number in range(n)]
    for seed, (name, _) in enumerate(names):
        draw(folder / name, seed)
    frame = pd.DataFrame(names, columns=["file_name", "label"]).assign(**columns)
    frame.to_csv(folder / "metadata.csv", index=False)
    return frame


def queries(formulas):
    """The searches of Table 2.1 with these formulas, "," between; of any other, the words with "&" between."""
    known = {query.formula: query for pose in POSES for query in pose.queries}
    return tuple(known.get(formula) or Query(formula, tuple(formula.split("&"))) for formula in formulas.split(","))


def predictions_of(pairs, classes=CLASSES, part="test", model="frozen", backbone="VGG16", seed=40):
    """A trial's predictions from (true, predicted) pairs: 0.8 on the predicted class, the rest shared out."""
    probabilities = np.full((len(pairs), len(classes)), 0.2 / (len(classes) - 1))
    probabilities[range(len(pairs)), [classes.index(called) for _, called in pairs]] = 0.8
    frame = pd.DataFrame(probabilities, columns=[f"p_{name}" for name in classes])
    return frame.assign(model=model, backbone=backbone, seed=seed, part=part, label=[true for true, _ in pairs],
                        file_name=[f"{number}.jpg" for number in range(len(pairs))])


def guess(rng, names, n, skill):
    """Pairs for `predictions_of`: of n pictures a share `skill` is known, and the rest is guessed."""
    true = rng.integers(len(names), size=n)
    called = np.where(rng.random(n) < skill, true, rng.integers(len(names), size=n))
    return [(names[a], names[b]) for a, b in zip(true, called, strict=True)]


def drawn_predictions(n=60, skill=1.0, seed=0, classes=CLASSES):
    """A trial's predictions at random, the likelier right the higher `skill` is."""
    rng = np.random.default_rng(seed)
    true = rng.integers(len(classes), size=n)
    odds = np.exp(rng.normal(size=(n, len(classes))) + skill * np.eye(len(classes))[true])
    frame = predictions_of([(classes[number], classes[0]) for number in true], classes, seed=40 + seed)
    frame[[f"p_{name}" for name in classes]] = odds / odds.sum(axis=1, keepdims=True)
    return frame
