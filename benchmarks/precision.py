"""mixed_bfloat16 against float32: what a fine-tuning step gains on this processor, and what it does to accuracy.

Only processors with 16-bit products in hardware gain (AMX or AVX-512 BF16, see "instructions"). Accuracy is
EfficientNet-Lite0's after a quick fine-tuning with its ImageNet weights on drawn pictures, the same seeds each way.
"""

import tempfile
from pathlib import Path

from common import ROUNDS, comparison, in_turn, main, say

BACKBONES = ("VGG16", "ResNet50", "Xception", "EfficientNet-Lite0")
PRECISIONS = ("float32", "mixed_bfloat16")
SIZE, BATCH, CLASSES = 96, 16, 6
LITE = "EfficientNet-Lite0"


def measure(small: bool) -> dict:
    compared = [_step(backbone, 1 if small else ROUNDS) for backbone in (BACKBONES[-1:] if small else BACKBONES)]
    return {"size": SIZE, "batch": BATCH, "accuracy": _accuracy(small), "comparisons": compared}


def _trainer(backbone: str, size: int, precision: str, weights: str | None = None):
    from artpose_lib.train import training

    return training.build_trainer(backbone, CLASSES, size, weights, precision=precision)


def _step(backbone: str, rounds: int) -> dict:
    import numpy as np

    from artpose_lib.model import classifier

    x = np.random.default_rng(0).integers(0, 256, (BATCH, SIZE, SIZE, 3), dtype=np.uint8)
    y = np.eye(CLASSES, dtype="float32")[np.arange(BATCH) % CLASSES]
    steps = []
    for precision in PRECISIONS:
        trainer = _trainer(backbone, SIZE, precision)
        classifier.set_trainable(trainer.model, "finetuned", pretrained=True)
        trainer.compile()
        steps.append(lambda model=trainer.model: model.train_on_batch(x, y))
        steps[-1]()
    plain, ours = in_turn(*steps, rounds=rounds)
    return comparison(f"bfloat16, {backbone}", plain, ours, 1, PRECISIONS, note=f"a step at {SIZE} x {SIZE}")


def _accuracy(small: bool) -> dict:
    """Test accuracies by precision, a number a seed."""
    from artpose_lib.data.dataset import load_dataset
    from artpose_lib.data.splits import split
    from artpose_lib.draw.embedded import draw_dataset
    from artpose_lib.train.recipes import SEEDS, find_profile, find_recipe
    from artpose_lib.train.training import Part, train

    quick = find_profile("smoke" if small else "quick")
    plan = quick.scale(find_recipe("finetuned", LITE))
    found = {precision: [] for precision in PRECISIONS}
    with tempfile.TemporaryDirectory() as folder:
        draw_dataset(Path(folder) / "drawn", quick.pictures, 2022)
        dataset = load_dataset(Path(folder) / "drawn")
        x, y, size = dataset.images(quick.size(plan)), dataset.labels, quick.size(plan)
    for precision in PRECISIONS:
        trainer = _trainer(LITE, size, precision, "imagenet")
        for seed in SEEDS[:1] if small else SEEDS:
            parts = split(dataset, plan.split, seed)
            train(trainer, plan, Part(x[parts.train], y[parts.train]),
                  Part(x[parts.validation], y[parts.validation]), seed, quick.steps(plan))
            said = trainer.model.predict(x[parts.test], verbose=0).argmax(axis=1)
            found[precision].append(round(float((said == y[parts.test]).mean()), 4))
        say(f"{precision}: test accuracies {found[precision]}")
    return {"backbone": LITE, "profile": quick.name} | found


if __name__ == "__main__":
    main(measure)
