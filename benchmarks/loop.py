"""Our trial loop against a bare `train_on_batch` loop over the same steps: what shuffling, schedule and callbacks cost.

Both train the same compiled network on the same batches and look at the same validation pictures after each epoch. Two
cases: an epoch of the profile `quick` (four steps on small pictures, the worst case) and one of more work a step.
"""

from dataclasses import replace

from common import ROUNDS, comparison, in_turn, main

CASES = {"quick": ("EfficientNet-Lite0", 72, 4), "larger steps": ("ResNet50", 128, 8)}  # backbone, size, steps an epoch
BATCH, CLASSES, VALIDATION = 16, 6, 40
EPOCHS = {"quick": 6, "larger steps": 1}  # in a round
TURNS = 3 * ROUNDS  # the few per cent that are looked for are less than a shared machine's unevenness in five
AIM = 1 / 1.05  # bare over ours: at most 5 % more time


def measure(small: bool) -> dict:
    names = ["quick"] if small else CASES
    return {"batch": BATCH, "comparisons": [_case(name, small) for name in names]}


def _case(name: str, small: bool) -> dict:
    import numpy as np

    from artpose_lib.model import classifier
    from artpose_lib.train import training
    from artpose_lib.train.recipes import find_recipe
    from artpose_lib.train.training import Part

    backbone, size, steps = CASES[name]
    epochs = 1 if small else EPOCHS[name]
    rng = np.random.default_rng(0)

    def part(count: int) -> Part:
        return Part(rng.integers(0, 256, (count, size, size, 3), dtype=np.uint8), np.arange(count) % CLASSES)

    train, validation = part(BATCH * steps), part(VALIDATION)
    trainer = training.build_trainer(backbone, CLASSES, size)
    trainer.fill = False  # as in Keras' own loop
    classifier.set_trainable(trainer.model, "finetuned", pretrained=True)
    plan = find_recipe("finetuned", backbone)
    phase = plan.phases[0]
    one_hot = np.eye(CLASSES, dtype="float32")

    def ours():
        trainer.fit(train, validation, replace(plan, batch_size=BATCH), replace(phase, patience=epochs + 1), epochs,
                    steps, seed=0)

    def bare():
        for _ in range(epochs):
            for start in range(0, len(train.y), BATCH):
                rows = slice(start, start + BATCH)
                trainer.model.train_on_batch(train.x[rows], one_hot[train.y[rows]])
            trainer.model.evaluate(validation.x, one_hot[validation.y], batch_size=training.BATCH, verbose=0)

    ours(), bare()  # compile
    plain, own = in_turn(bare, ours, rounds=1 if small else TURNS)
    return comparison(f"trial loop, {name}", plain, own, AIM, ("train_on_batch, evaluate", "our trial loop"),
                      note=f"{backbone} at {size}, {epochs} epochs of {steps} steps")


if __name__ == "__main__":
    main(measure)
