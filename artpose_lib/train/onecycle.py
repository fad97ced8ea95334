"""The one-cycle schedule as the thesis means it (Section 2.2.4, after Smith 2018), in plain arithmetic."""

import numpy as np

DECAY_EPOCHS = 30  # phase II divides the learning rate for 30 epochs and then holds it (Section 2.2.4)


def rates(initial: float, factor: float, epochs: int, hold_after: int | None = None) -> np.ndarray:
    """The learning rate of every epoch: `initial` in the first, times `factor` in each that follows.

    The rate stays after `hold_after` multiplications (None: never). Returns float64 (epochs,).
    """
    steps = np.arange(epochs, dtype=np.float64)
    return initial * factor ** (steps if hold_after is None else np.minimum(steps, hold_after))


def phase_callbacks(rates: np.ndarray, patience: int) -> list:
    """Keras callbacks that set each epoch's learning rate, and leave the model with the weights of its best epoch.

    They end the phase once validation accuracy has not risen for `patience` epochs.
    """
    import keras

    return [keras.callbacks.LearningRateScheduler(lambda epoch, _: float(rates[epoch])),
            keras.callbacks.EarlyStopping("val_accuracy", patience=patience, mode="max", restore_best_weights=True)]
