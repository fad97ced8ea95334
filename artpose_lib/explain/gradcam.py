"""Where in a picture a network sees a class: Grad-CAM (Selvaraju et al. 2017, arXiv:1610.02391)."""

import keras
import numpy as np

from artpose_lib.explain.maps import DIVERGED, split_at_layer

_WITH_MAPS = ("Conv2D", "DepthwiseConv2D", "SeparableConv2D", "Activation", "ReLU")


def map_layers(model: keras.Model) -> list[str]:
    """Return the names of a model's convolutions and activations that have feature maps, from the first to the last."""
    return [layer.name for layer in model.layers
            if type(layer).__name__ in _WITH_MAPS and len(layer.output.shape) == 4]


def gradcam(model: keras.Model, image: np.ndarray, class_index: int, layer: str | None = None) -> np.ndarray:
    """Return how much each place of a picture speaks for a class (Equations 1 and 2 of the paper).

    The gradient is that of the logit: the probability would also rise where something speaks against other classes.
    Parameters: `model` is a flat classifier that ends in a Dense layer with softmax; `image` uint8 RGB (size, size, 3);
    `class_index` from 0; `layer` one of `map_layers` (None: the last of them, a backbone's last block).
    Returns float32 (side, side), the side of the layer's maps: 1 where most in this picture speaks for the class, and 0
    everywhere where nothing does.
    Raises ValueError where the model has no such layer or class, the layer has no maps, the picture is of another size,
    or the network has diverged.
    """
    layer = map_layers(model)[-1] if layer is None else layer
    if len(model.get_layer(layer).output.shape) != 4:
        raise ValueError(f"the layer {layer} has no feature maps")
    count = model.output.shape[-1]
    if not 0 <= class_index < count:
        raise ValueError(f"there is no class {class_index}; the network has {count}, counted from 0")
    upper, lower = split_at_layer(model, layer)
    maps, *beside = keras.tree.flatten(upper(image[np.newaxis], training=False))
    weights = keras.ops.mean(_gradient(lower, maps, beside, class_index), axis=(0, 1, 2))
    maps, weights = (keras.ops.convert_to_numpy(tensor).astype(np.float64) for tensor in (maps[0], weights))
    for_class = np.maximum(maps @ weights, 0)
    if not np.isfinite(for_class).all():
        raise ValueError(f"Grad-CAM's numbers {DIVERGED}")
    return (for_class / (for_class.max() or 1)).astype(np.float32)


def _gradient(lower, maps, beside: list, class_index: int):
    """Return the gradient of a class' logit by the maps (1, side, side, channels), of their shape."""
    if keras.backend.backend() == "jax":
        import jax

        def logit(maps):
            logits, _ = lower.stateless_call(lower.trainable_variables, lower.non_trainable_variables,
                                             [maps, *beside], training=False)
            return logits[0, class_index]

        return jax.grad(logit)(maps)
    import tensorflow

    with tensorflow.GradientTape() as tape:
        tape.watch(maps)
        logit = lower([maps, *beside], training=False)[0, class_index]
    return tape.gradient(logit, maps)
