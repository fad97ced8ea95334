"""Train one network by one recipe: the phases of Tables A.1 and A.2, on pictures or on pooled features."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property, partial

import keras
import numpy as np
import pandas as pd

from artpose_lib.data.splits import Part
from artpose_lib.model import classifier
from artpose_lib.model.features import BATCH, compiles_shapes, forward
from artpose_lib.model.fused import Adam, BatchNormalization, OnBatchStatistics, replace_batch_norm
from artpose_lib.train import onecycle
from artpose_lib.train.heads import fit_head
from artpose_lib.train.recipes import PRECISIONS, Phase, Recipe
from artpose_lib.train.variants import apply_in_place_shift

EPSILON = 1e-8  # of Adam, the optimiser of all recipes; its other parameters in Section 2.2.4 are Keras' own


class Batches(keras.utils.PyDataset):
    """Batches without end: every `steps` of them are an epoch, with an order of its own.

    An epoch takes all pictures, or the first `steps` batches of its shuffle. Its order comes from its number, so that
    it does not matter how far a backend looks ahead. With `fill` all are of one size and made for
    `classifier.Counting`: the last one's own pictures, once more and with weight 0, fill it up.
    """

    num_batches = None  # Keras' word for no end, which saves it 0.1 s an epoch

    def __init__(self, part: Part, n_classes: int, batch_size: int, steps: int | None, seed: int, fill: bool = False):
        super().__init__()
        self.x, self.y = part.x, np.eye(n_classes, dtype="float32")[part.y]
        self.batch_size, self.seed, self.fill = batch_size, seed, fill
        self.steps = min(steps or len(part.y), -(-len(part.y) // batch_size))

    def __getitem__(self, index: int) -> tuple:
        epoch, step = divmod(index, self.steps)
        return self.load(self.order(epoch)[step * self.batch_size:(step + 1) * self.batch_size])

    def load(self, rows: np.ndarray) -> tuple:
        """What the network takes, the answers, and the weights, float32 (batch,)."""
        filled = np.resize(rows, self.batch_size) if self.fill else rows
        x, weights = self.x[filled], (np.arange(len(filled)) < len(rows)).astype("float32")
        return (x, weights) if self.fill else x, self.y[filled], weights

    def order(self, epoch: int) -> np.ndarray:
        """The rows that an epoch takes, in its order."""
        shuffled = np.random.default_rng([self.seed, epoch]).permutation(len(self.y))
        return shuffled[:self.steps * self.batch_size]


class Trainer:
    """A Keras classifier that is built and compiled once and then trained again and again from fresh weights. Compiling
    takes 3 to 15 s on a CPU, and a minute or more on a GPU. Between trials the weights, Adam's moments and the learning
    rate are set back."""

    def __init__(self, model: keras.Model):
        self.model, self.n_classes = model, model.output_shape[-1]
        self.forward = classifier.Forward(model.inputs, [model.get_layer(classifier.HEAD).input, *model.outputs])
        self.pristine = model.get_weights()
        self.compiled_for: list[bool] = []  # whether batches are filled up, and which layers learn
        self.learner = model  # what is compiled and fitted: the model itself, or its `classifier.Counting`
        self.statistics: classifier.BatchStatistics | None = None  # where batch normalisation is among them
        # Batches of one size, but where a layer would take what fills them up into its moments.
        self.fill = compiles_shapes() and all(isinstance(layer, BatchNormalization) for layer in model.layers
                                              if isinstance(layer, keras.layers.BatchNormalization))

    @cached_property
    def head(self) -> "Trainer":
        """The trainer of a head that learns from pooled features."""
        return Trainer(classifier.build_head(self.forward.output_shape[0][-1], self.n_classes))

    def reset(self, seed: int, random_weights: bool) -> None:
        """Set every weight back: a new random head, and a new random backbone too where `random_weights`."""
        keras.utils.set_random_seed(seed)
        renew = partial(_renew_layer, random.Random(seed))
        if random_weights:  # a clone of the compiled model would have an optimiser too
            fresh = keras.models.clone_model(keras.Model(self.model.inputs, self.model.outputs), clone_function=renew)
            self.model.set_weights(fresh.get_weights())
            return
        self.model.set_weights(self.pristine)
        *_, head = map(renew, self.model.layers)  # seeds are drawn for all, and only the last is built
        head.build_from_config(self.model.layers[-1].get_build_config())
        self.model.layers[-1].set_weights(head.get_weights())

    def fit(self, train: Part, validation: Part, recipe: Recipe, phase: Phase, epochs: int, steps: int | None,
            seed: int) -> pd.DataFrame:
        """One phase of a recipe; the model ends with the weights of its best epoch. Returns a row an epoch."""
        self.compile()
        rates = onecycle.rates(phase.initial_lr, phase.factor, epochs, phase.hold_after)
        batches = Batches(train, self.n_classes, recipe.batch_size, steps, seed, self.fill)
        rows = batches.order(0)
        rows = rows[:len(rows) // batches.steps * batches.steps].reshape(batches.steps, -1)

        def validate(_, logs: dict) -> None:
            if self.statistics.learning:  # estimated from the pictures of the first epoch
                self.statistics.estimate(batches.load(own)[0] for own in rows)
            logs |= {f"val_{name}": value for name, value in self.score(validation).items()}

        callbacks = [keras.callbacks.LambdaCallback(on_epoch_end=validate),
                     *onecycle.phase_callbacks(rates, phase.patience)]
        history = self.learner.fit(batches, steps_per_epoch=batches.steps, epochs=epochs, verbose=0,
                                   callbacks=callbacks, shuffle=False)
        frame = pd.DataFrame(history.history)
        return frame.assign(learning_rate=rates[:len(frame)])

    def predict(self, x: np.ndarray, batch: int = BATCH) -> tuple[np.ndarray, np.ndarray]:
        """What the head gets of pictures, float32 (n, channels), and what it answers, float32 (n, n_classes)."""
        return tuple(np.stack(own) for own in zip(*forward(self.forward, x, batch, self.fill), strict=True))

    def score(self, part: Part) -> dict[str, float]:
        """The loss, a mean over pictures, and the accuracy."""
        probabilities = self.predict(part.x)[1]
        right = np.maximum(probabilities[np.arange(len(part.y)), part.y], np.finfo("float32").tiny)
        return {"loss": np.log(1 / right).mean(), "accuracy": (probabilities.argmax(axis=1) == part.y).mean()}

    def compile(self) -> None:
        """Make the model ready to train those of its layers that learn now, by a fresh optimiser."""
        wanted = [self.fill, *(layer.trainable for layer in self.model.layers)]
        if wanted != self.compiled_for:
            # Keras' own loss in the logs would count what fills up a batch.
            self.learner = classifier.Counting(self.model) if self.fill else self.model
            self.learner.compile(Adam(epsilon=EPSILON),
                                 keras.losses.CategoricalCrossentropy(reduction="mean_with_sample_weight"),
                                 weighted_metrics=[keras.metrics.CategoricalCrossentropy("loss"), "accuracy"],
                                 jit_compile="auto" if compiles_shapes() else False)
            # Variables first, or TensorFlow traces the step twice.
            self.learner.optimizer.build(self.learner.trainable_variables)
            answer = np.eye(self.n_classes, dtype="float32")[:1]
            self.learner.compute_metrics(None, answer, answer)
            self.compiled_for, self.statistics = wanted, classifier.BatchStatistics(self.learner)
        for variable in self.learner.optimizer.variables:  # moments and step count of the compiled step
            variable.assign(np.zeros(variable.shape, variable.dtype))


def _renew_layer(generator: random.Random, layer: keras.Layer) -> keras.Layer:
    """A layer with new initial weights, the same that Keras draws for a seed. Keras takes its seeds from Python's
    global generator, which other threads use too, such as those of a Dask worker."""
    config = layer.get_config()
    for initialiser in config.values():
        if isinstance(initialiser, dict) and initialiser.get("config", {}).get("seed", 0) is None:
            initialiser["config"]["seed"] = generator.randint(1, 10**9)
    return layer.__class__.from_config(config)


def build_trainer(backbone: str, n_classes: int, size: int, weights: str | None = None, weights_dir: str | None = None,
                  preprocessing: str | None = None, batch_statistics: bool = False,
                  precision: str = PRECISIONS[0]) -> Trainer:
    """The trainer of a whole network: `classifier.build_classifier`, and as `Variant` and `PRECISIONS` say."""
    keras.utils.clear_session()  # other networks' graphs would fill the memory
    with multiply_in(precision):
        model = classifier.build_classifier(backbone, n_classes, size, weights, weights_dir, preprocessing)
        return Trainer(replace_batch_norm(model, OnBatchStatistics) if batch_statistics else model)


@contextmanager
def multiply_in(precision: str) -> Iterator[None]:
    """Build networks in one of `recipes.PRECISIONS` until the end of the `with` block."""
    usual = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(usual)


def train(trainer: Trainer, recipe: Recipe, train_part: Part, validation: Part, seed: int,
          steps: int | None = None) -> pd.DataFrame:
    """Train a whole network by a recipe, phase after phase (Section 2.2.4); it keeps the best epoch's weights. `steps`
    caps the steps of an epoch. Returns the history as `number_epochs`."""
    trainer.reset(seed, random_weights=recipe.weights is None)
    histories, best, best_weights = [], -np.inf, None
    for number, phase in enumerate(recipe.phases, start=1):
        left = recipe.total_epochs - sum(len(history) for history in histories)
        epochs = min(phase.max_epochs or left, left)
        if epochs < 1:  # phase I never ran out of patience
            break
        if number == 2 and recipe.variant.max_lr == "peak":
            phase = replace(phase, initial_lr=find_peak(histories[0]))
        if number == 2 and recipe.variant.in_place:
            train_part, validation = (Part(apply_in_place_shift(part.x), part.y) for part in (train_part, validation))
        how = train_part, validation, recipe, phase, epochs, steps, seed + 1000 * number
        if phase.layers == "frozen":
            history = _fit_head(trainer, *how)
        else:
            pretrained = recipe.weights is not None and not recipe.variant.batch_statistics
            classifier.set_trainable(trainer.model, "finetuned", pretrained)
            history = trainer.fit(*how)
        histories.append(history.assign(phase=number))
        reached = history["val_accuracy"].fillna(-1).max()  # no number is the lowest
        if reached > best:  # of equal ones the earlier phase, which changed less
            best, best_weights = reached, trainer.model.get_weights()
    trainer.model.set_weights(best_weights)  # the first phase's, where the second never came up to it
    return number_epochs(pd.concat(histories, ignore_index=True))


def find_peak(history: pd.DataFrame) -> float:
    """The learning rate of a phase's best epoch, the first of several: what Section 2.2.4 calls MAX_LR."""
    return float(history["learning_rate"].iloc[history["val_accuracy"].fillna(-1).argmax()])


def train_on_features(trainer: Trainer, recipe: Recipe, train_part: Part, validation: Part, seed: int) -> pd.DataFrame:
    """The frozen model (Section 2.2.3) on features computed once: `trainer` holds a head, the parts hold features."""
    seed = seed if recipe.variant.start is None else recipe.variant.start
    trainer.reset(seed, random_weights=True)
    phase = recipe.phases[0]
    history = trainer.fit(train_part, validation, recipe, phase, phase.max_epochs, None, seed)
    return number_epochs(history.assign(phase=1))


def solve_on_features(trainer: Trainer, train_part: Part, validation: Part, works: np.ndarray) -> pd.DataFrame:
    """The recipe of today: `trainer` holds a head, which becomes that of `heads.fit_head`. Its history is one row."""
    trainer.model.set_weights(fit_head(train_part.x, train_part.y, works, trainer.n_classes)[:2])
    learned, asked = trainer.score(train_part), trainer.score(validation)
    row = learned | {f"val_{name}": value for name, value in asked.items()} | {"phase": 1, "learning_rate": np.nan}
    return number_epochs(pd.DataFrame([row]))


def number_epochs(history: pd.DataFrame) -> pd.DataFrame:
    """The history with its epochs numbered from 1 and the columns of `records.HISTORY` in order."""
    columns = ["epoch", "phase", "learning_rate", "loss", "accuracy", "val_loss", "val_accuracy"]
    return history.assign(epoch=range(1, len(history) + 1))[columns]


def _fit_head(trainer: Trainer, train_part: Part, validation: Part, recipe: Recipe, phase: Phase, epochs: int,
              steps: int | None, seed: int) -> pd.DataFrame:
    """A frozen phase: only the head learns, so the backbone runs once over the pictures."""
    parts = [Part(trainer.predict(part.x)[0], part.y) for part in (train_part, validation)]
    head = trainer.head
    head.model.set_weights(trainer.model.get_layer(classifier.HEAD).get_weights())
    history = head.fit(*parts, recipe, phase, epochs, steps, seed)
    trainer.model.get_layer(classifier.HEAD).set_weights(head.model.get_weights())
    return history
