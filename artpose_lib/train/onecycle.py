"""The one-cycle schedule as the thesis means it (Section 2.2.4, after Smith 2018), in plain arithmetic."""

import numpy as np

DECAY_EPOCHS = 30  # phase II divides the learning rate for 30 epochs and then holds it (Section 2.2.4)


def rates(initial: float, factor: float, epochs: int, hold_after: int | None = None) -> np.ndarray:
    """The learning rate of every epoch: `initial` in the first, times `factor` in each that follows.

    Parameters: `factor` is 1.5 where Tables A.1 and A.2 say "lr * 1.5", 1 / 1.3 for "lr / 1.3" and 1 for "constant";
    `epochs` how many rates; `hold_after` the number of multiplications after which the rate stays (None: it never
    stays). Returns float64 (epochs,).
    """
    steps = np.arange(epochs, dtype=np.float64)
    return initial * factor ** (steps if hold_after is None else np.minimum(steps, hold_after))


def phase_callbacks(rates: np.ndarray, patience: int) -> list:
    """The two Keras callbacks of one phase, for a `fit` of at most ``len(rates)`` epochs.

    The first sets each epoch's learning rate. The second ends the phase once validation accuracy has not risen for
    `patience` epochs, and leaves the model with the weights of its best epoch, whether it ended the phase or not.
    """
    import keras

    return [keras.callbacks.LearningRateScheduler(lambda epoch, _: float(rates[epoch])),
            keras.callbacks.EarlyStopping("val_accuracy", patience=patience, mode="max", restore_best_weights=True)]
