"""The frozen experiment, 3 backbones x 5 trials: pooled features computed once, against a forward pass every epoch.

The published scripts send every picture through the frozen network in every epoch. That would take days here, so it is
not done in full: epochs of one step are timed, in turn with the features of as many pictures, and counted as often as
our own trials took epochs. Random weights serve where there are no ImageNet weights (ARTPOSE_WEIGHTS names their
folder): a forward pass takes the same time with any.
"""

import os
import statistics
import tempfile
from pathlib import Path

from common import ROUNDS, comparison, forward_gflop, main, processor_rate, say, seconds, significant

BACKBONES = ("VGG16", "ResNet50", "Xception")  # the thesis'
AIM = 150
STEP = 36  # pictures a timed step at most: a forward pass takes as long a picture in the tables' 60 and 100


def measure(small: bool) -> dict:
    from artpose_lib.data.dataset import load_dataset
    from artpose_lib.draw.embedded import draw_dataset
    from artpose_lib.train.recipes import PRECISIONS, find_profile, find_recipe

    count, rounds = (60, 1) if small else (find_profile("quick").pictures, ROUNDS)
    with tempfile.TemporaryDirectory() as folder:
        draw_dataset(Path(folder) / "drawn", count, 2022)
        dataset = load_dataset(Path(folder) / "drawn")
        recipes = [find_recipe("frozen", backbone) for backbone in BACKBONES]
        if small:
            recipes = [find_profile("smoke").scale(recipes[0])]
        found = {recipe.backbone: _experiment(dataset, recipe, small, rounds) for recipe in recipes}
    plain, ours, narrow = ([sum(times) for times in zip(*(one.pop(way) for one in found.values()), strict=True)]
                           for way in ("plain", *PRECISIONS))
    once = "pooled features computed once"
    note = (f"{count} drawn pictures; the plain way is the seconds of single steps, times the steps of "
            f"{sum(one['epochs'] for one in found.values())} epochs")
    return {"pictures": count, "backbones": found, "floor": _floor(found, count),
            "comparisons": [comparison(name, plain, times, AIM, ("a forward pass every epoch", way), note=note)
                            for name, times, way in (
                                ("frozen experiment", ours, once),
                                ("frozen experiment, mixed_bfloat16", narrow, f"{once}, multiplied in 16 bits"))]}


def _experiment(dataset, recipe, small: bool, rounds: int) -> dict:
    """One backbone. `plain` and, by their precision, our ways: the seconds of all its trials, one number a round.

    A round does a share of the features, and a step and its share of the validation in the scripts' way.
    """
    import numpy as np

    from artpose_lib.data.splits import split
    from artpose_lib.model import classifier
    from artpose_lib.model.backbones import BACKBONES, WeightsMissing
    from artpose_lib.train import training
    from artpose_lib.train.recipes import PRECISIONS, SEEDS
    from artpose_lib.train.training import Part, Trainer, multiply_in

    size = 72 if small else BACKBONES[recipe.backbone].input_size
    pictures, labels, classes = dataset.images(size), dataset.labels, len(dataset.classes)
    try:
        weights = "imagenet"
        model = classifier.build_classifier(recipe.backbone, classes, size, weights, os.environ.get("ARTPOSE_WEIGHTS"))
    except WeightsMissing:
        weights = "random"
        model = classifier.build_classifier(recipe.backbone, classes, size)
    with multiply_in(PRECISIONS[1]):
        narrow = classifier.build_classifier(recipe.backbone, classes, size)
    narrow.set_weights(model.get_weights())
    pooled = {name: classifier.pooled_model(network) for name, network in zip(PRECISIONS, (model, narrow), strict=True)}
    classifier.set_trainable(model, "frozen", pretrained=True)
    trainer = Trainer(model)
    batch = min(recipe.batch_size, STEP, len(pictures) // 2)
    held_out = Part(pictures[:batch // 8 or 1], labels[:batch // 8 or 1])  # as a tenth stands to eight tenths
    step = Part(pictures[:batch], labels[:batch])

    def forward(x, precision=PRECISIONS[0]):
        return pooled[precision].predict(x, batch_size=training.BATCH, verbose=0)

    def epoch():
        trainer.fit(step, held_out, recipe, recipe.phases[0], 1, None, 0)

    def warm_up():  # compiling is neither way's fault: both do it once
        for precision in PRECISIONS:
            forward(pictures[:training.BATCH + 1], precision)
        epoch()

    say(f"{recipe.backbone}: warming up took {seconds(warm_up):.0f} s")
    features, forward_times, narrow_times, step_times = [], [], [], []
    for share in np.array_split(pictures, rounds):
        forward_times.append(seconds(lambda share=share: features.append(forward(share))) * rounds)
        narrow_times.append(seconds(lambda share=share: forward(share, PRECISIONS[1])) * rounds)
        step_times.append(seconds(epoch))
    x = np.concatenate(features)
    head = Trainer(classifier.build_head(x.shape[1], classes))
    histories = []

    def trials():
        for seed in SEEDS:
            parts = split(dataset, recipe.split, seed)
            histories.append(training.train_on_features(head, recipe, Part(x[parts.train], labels[parts.train]),
                                                        Part(x[parts.validation], labels[parts.validation]), seed))

    heads, epochs = seconds(trials), sum(map(len, histories))
    steps = epochs * len(split(dataset, recipe.split, SEEDS[0]).train) / batch
    return {"weights": weights, "size": size, "batch": batch, "epochs": epochs, "gflop_a_picture": forward_gflop(model),
            "forward_seconds": statistics.median(forward_times), "narrow_seconds": statistics.median(narrow_times),
            "head_seconds": heads,
            "step_seconds": statistics.median(step_times),
            "plain": [steps * time for time in step_times], PRECISIONS[0]: [time + heads for time in forward_times],
            PRECISIONS[1]: [time + heads for time in narrow_times]}


def _floor(found: dict, count: int) -> dict:
    """The features' own floor: their operations over what the processor's matrix product reaches."""
    rate = processor_rate()
    return {"matmul_gflops": rate, "backbones": {
        name: {"features_at_best": significant(one["gflop_a_picture"] * count / rate),
               "share_reached": significant(one["gflop_a_picture"] * count / rate / one["forward_seconds"])}
        for name, one in found.items()}}


if __name__ == "__main__":
    main(measure)
