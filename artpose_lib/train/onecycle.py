"""The one-cycle schedule as the thesis means it (Section 2.2.4, after Smith 2018), in plain arithmetic."""

import numpy as np

DECAY_EPOCHS = 30  # phase II divides the learning rate for 30 epochs and then holds it (Section 2.2.4)


def rates(initial: float, factor: float, epochs: int, hold_after: int | None = None) -> np.ndarray:
    """Each epoch's learning rate, float64 (epochs,): times `factor` from one to the next, up to `hold_after` times."""
    steps = np.arange(epochs, dtype=np.float64)
    return initial * factor ** (steps if hold_after is None else np.minimum(steps, hold_after))


def phase_callbacks(rates: np.ndarray, patience: int) -> list:
    """Keras callbacks: each epoch's rate, the best epoch's weights, an end after `patience` epochs without a rise."""
    import keras

    return [keras.callbacks.LearningRateScheduler(lambda epoch, _: float(rates[epoch])),
            keras.callbacks.EarlyStopping("val_accuracy", patience=patience, mode="max", restore_best_weights=True)]
