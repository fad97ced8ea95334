"""The learning rates of every row of Tables A.1 and A.2, against numbers worked out by hand."""

import keras
import numpy as np
import pytest

from artpose_lib.train.onecycle import phase_callbacks, rates
from artpose_lib.train.recipes import RECIPES

# Epoch (from 0): rate. Phase I, by its first rate and what it is multiplied by.
CONSTANT_1000 = {0: 0.001, 1: 0.001, 59: 0.001, 99: 0.001}
CONSTANT_2500 = {0: 0.0025, 1: 0.0025, 59: 0.0025, 99: 0.0025}
TINY_UP_BY_HALF = {0: 1e-6, 1: 1.5e-6, 2: 2.25e-6, 10: 5.76650390625e-5, 99: 271040785023.477}
TINY_DOUBLED = {0: 1e-6, 1: 2e-6, 2: 4e-6, 10: 0.001024, 99: 6.33825300114115e23}
LARGE_UP_BY_HALF = {0: 0.001, 1: 0.0015, 2: 0.00225, 10: 0.0576650390625, 99: 271040785023476.8}
# Phase II, by its first rate and what it is divided by: thirty divisions, then no more.
FROM_500_BY_1_3 = {0: 0.0005, 1: 0.000384615384615, 29: 2.48092015563e-7, 30: 1.90840011972e-7, 31: 1.90840011972e-7}
FROM_250_BY_1_3 = {0: 0.00025, 1: 0.000192307692308, 29: 1.24046007782e-7, 30: 9.54200059859e-8, 99: 9.54200059859e-8}
FROM_100_BY_1_3 = {0: 0.0001, 1: 7.69230769231e-5, 29: 4.96184031126e-8, 30: 3.81680023943e-8, 31: 3.81680023943e-8}
FROM_100_BY_1_1 = {0: 0.0001, 1: 9.09090909091e-5, 29: 6.30394086313e-6, 30: 5.73085533012e-6, 99: 5.73085533012e-6}
FROM_250_BY_2 = {0: 0.00025, 1: 0.000125, 29: 4.65661287308e-13, 30: 2.32830643654e-13, 31: 2.32830643654e-13}

EVERY_ROW = {
    ("baseline", "VGG16"): (CONSTANT_1000, FROM_500_BY_1_3),
    ("baseline", "ResNet50"): (TINY_UP_BY_HALF, FROM_100_BY_1_1),
    ("baseline", "Xception"): (TINY_DOUBLED, FROM_250_BY_2),
    ("frozen", "VGG16"): (CONSTANT_1000,),
    ("frozen", "ResNet50"): (CONSTANT_1000,),
    ("frozen", "Xception"): (CONSTANT_2500,),
    ("finetuned", "VGG16"): (CONSTANT_1000, FROM_250_BY_1_3),
    ("finetuned", "ResNet50"): (TINY_UP_BY_HALF, FROM_100_BY_1_1),
    ("finetuned", "Xception"): (TINY_DOUBLED, FROM_250_BY_2),
    ("finetuned_aug", "VGG16"): (LARGE_UP_BY_HALF, FROM_500_BY_1_3),
    ("finetuned_aug", "ResNet50"): (TINY_UP_BY_HALF, FROM_100_BY_1_3),
    ("finetuned_aug", "Xception"): (TINY_UP_BY_HALF, FROM_250_BY_1_3),
}


def test_the_tables_of_numbers_cover_every_row_of_the_thesis():
    assert set(EVERY_ROW) == {key for key in RECIPES if key[1] != "EfficientNet-Lite0"}


@pytest.mark.parametrize("row", EVERY_ROW, ids="-".join)
def test_every_row_gives_the_rates_worked_out_by_hand(row):
    phases = RECIPES[row].phases
    assert len(phases) == len(EVERY_ROW[row])
    for phase, expected in zip(phases, EVERY_ROW[row], strict=True):
        got = rates(phase.initial_lr, phase.factor, 100, phase.hold_after)
        assert got.dtype == np.float64 and got.shape == (100,)
        np.testing.assert_allclose(got[list(expected)], list(expected.values()), rtol=1e-11)


class Scripted(keras.callbacks.Callback):
    """Puts a validation accuracy of our choice into the logs, and an epoch's number into the model's weight."""

    def __init__(self, accuracies):
        super().__init__()
        self.accuracies, self.rates = accuracies, []

    def on_epoch_end(self, epoch, logs):
        logs["val_accuracy"] = self.accuracies[epoch]
        self.rates.append(float(self.model.optimizer.learning_rate))
        self.model.set_weights([np.full((1, 1), float(epoch))])


def run_phase(accuracies, patience):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    model.compile("adam", "mse")
    scripted = Scripted(accuracies)
    planned = rates(0.001, 2, len(accuracies))
    model.fit(np.zeros((1, 1)), np.zeros((1, 1)), epochs=len(planned), verbose=0,
              callbacks=[scripted, *phase_callbacks(planned, patience)])
    return scripted.rates, float(model.get_weights()[0][0, 0])


def test_a_phase_ends_when_patience_is_out_with_the_best_epochs_weights():
    seen, weight = run_phase([0.2, 0.5, 0.4, 0.5, 0.9], patience=2)
    np.testing.assert_allclose(seen, [0.001, 0.002, 0.004, 0.008], rtol=1e-6)  # 0.5 again is no rise
    assert weight == 1


def test_a_phase_that_runs_to_its_end_also_has_the_best_epochs_weights():
    seen, weight = run_phase([0.2, 0.5, 0.4], patience=10)
    assert len(seen) == 3 and weight == 1
