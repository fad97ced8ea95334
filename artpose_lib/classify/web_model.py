"""A stored trial for a web page: EfficientNet-Lite0's weights in eight bits, and heads with what is known of them.

`web/lite0.js` computes with what is written here.
"""

import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from artpose_lib.classify.model import open_classifier
from artpose_lib.data.dataset import DataError
from artpose_lib.files import whole
from artpose_lib.train.means import ClassMeans
from artpose_lib.train.recipes import BEST, ON_FEATURES
from artpose_lib.train.records import Record
from artpose_lib.web import asset

if TYPE_CHECKING:  # Keras takes seconds to import
    import keras

NETWORK = "EfficientNet-Lite0"
SMALL = 16_000  # weights of a layer that take two bytes each: 3 % of all, which make eight ninths of the error
HEAD = "head.json"  # a head by itself, to keep


def export(record: Record, out: Path, title: str = "", weights_dir: str | None = None) -> dict:
    """Write a stored trial as `write_scripts` does into a new folder, and its head as HEAD; return that.

    Parameters as in `describe_head`, whose errors it raises; FileExistsError where the folder is there.
    """
    from artpose_lib.model.backbones import build_backbone

    if out.exists():
        raise FileExistsError(f"{out} is there already: name another folder.")
    head = describe_head(record, record.folder.name, title, weights_dir)
    frozen = record.config["recipe"]["model"] in ON_FEATURES
    network = (build_backbone(NETWORK, None, "imagenet", weights_dir) if frozen else
               open_classifier(record.folder, weights_dir).network)
    with whole(out, option="--out") as folder:
        folder.mkdir()
        write_scripts(folder, network, [head])
        (folder / HEAD).write_text(json.dumps(head, indent=1) + "\n", encoding="ascii")
    return head


def write_scripts(folder: Path, network: "keras.Model", heads: Sequence[dict]) -> None:
    """Write lite0.js, try_weights.js (see `quantise`) and try_heads.js (see `describe_head`) into a folder."""
    (folder / "lite0.js").write_text(asset("lite0.js"), encoding="utf-8")
    for file, name, values in (("weights", "LITE0", quantise(network)), ("heads", "HEADS", [*heads])):
        write_script(folder / f"try_{file}.js", name, values)


def write_script(path: Path, name: str, data: object) -> None:
    """Write data as `window.ARTPOSE_` and its name: from disk, a page may load scripts and no JSON."""
    path.write_text(f"window.ARTPOSE_{name} = {json.dumps(data, separators=(',', ':'))};\n", encoding="ascii")


def describe_head(record: Record, name: str, title: str = "", weights_dir: str | None = None) -> dict:
    """The head of a stored trial of EfficientNet-Lite0 as JSON-ready values.

    `kernel`, float32 (channels, classes) in base64, and `bias`, centred over the classes, which changes no probability;
    `size` in pixels, `views`, `mirrored` and `rooted` say what it is given (see `classifier.build_both_ways`);
    `temperature` as in `calibration`; `unlike` the record's `ClassMeans`, null where it has none: `centre`, float32,
    and `means`, int8 (classes, channels), each up to a factor, in base64, and `held_out`; `card` as
    `describe_training`. Raises DataError where it is another network's, and as `open_classifier`.
    """
    from artpose_lib.model import classifier

    config = record.config
    if config["recipe"]["backbone"] != NETWORK:
        raise DataError(f"{record.folder.name} is of {config['recipe']['backbone']}: a web page computes {NETWORK} "
                        "alone. Take a trial of that; `artpose results` lists all.")
    opened, best = open_classifier(record.folder, weights_dir), config["recipe"]["model"] == BEST
    kernel, bias = opened.network.get_layer(classifier.HEAD).get_weights()
    card = describe_training(record)
    return {"name": name, "title": title or f"Learned from {card['learned_from']}",
            "classes": list(opened.classes), "kernel": _encode(kernel - kernel.mean(axis=1, keepdims=True)),
            "bias": (bias - bias.mean()).tolist(), "size": opened.size, "views": list(config.get("views", ["whole"])),
            "mirrored": best, "rooted": best, "temperature": opened.temperature,
            "unlike": opened.means and _shrink(opened.means), "card": card}


def describe_training(record: Record) -> dict:
    """What a head learned from and how often it is right: `learned_from`, a name; `pictures` of each class, null for a
    trial, which learned from a part of them; `accuracy`, of pictures that it did not learn from, 0 to 1, by what was
    kept apart ("works", "sources" where these are known; "pictures" in a trial, and where all are of one work); and
    `sentences` that say it all."""
    facts, known = record.facts, record.facts.get("pictures", {})
    accuracy = ({"works": facts["validation_accuracy"]} if known and known.get("works") != 1 else
                {"pictures": facts["validation_accuracy" if known else "test_accuracy"]})
    if known.get("sources"):
        accuracy["sources"] = facts["test_accuracy"]
    words = {"works": "of works that it had not seen", "sources": "from sources that it had not seen",
             "pictures": "that it had not seen"}
    sentences = [f"Of pictures {words[apart]} it names {share:.0%} rightly." for apart, share in accuracy.items()]
    if known:
        counts, total = known["classes"], sum(known["classes"].values())
        most = max(counts, key=counts.get)
        sentences = [f"It learned from {total} pictures: {', '.join(f'{n} {name}' for name, n in counts.items())}.",
                     *sentences, f"Always saying {most} would be right for {counts[most] / total:.0%} of all."]
        if "pictures" in accuracy:
            sentences += ["All of them show one work, so that it is not known how often it is right about others."]
        if known["second"]:
            sentences += [f"Its accuracy is a little too good: {known['second']} of the pictures come from a search in "
                          "which this network's features helped to choose."]
        if known["closed"]:
            sentences += [f"{known['closed']} of the pictures have no open licence and may not be published. It holds "
                          "none of them, and is for study."]
    return {"learned_from": facts.get("data_name") or record.config["data"], "pictures": known.get("classes"),
            "accuracy": accuracy, "sentences": sentences}


def quantise(network: "keras.Model") -> dict:
    """The weights of a flat graph that holds EfficientNet-Lite0, as JSON-ready values.

    `blocks` lists the layers of each block in order: kind ("full", "depthwise", "pointwise"), kernel and stride in
    pixels, channels in and out, whether ReLU6 follows, whether the start of the block is added, and whether
    its weights are `fine`, int16. `kernels` are int8, or int16, in base64: of each layer, of each output channel, rows,
    columns, input channels. `numbers` are float32 in base64: of each layer what a kernel's one is worth, of each output
    channel, then its biases. Batch normalisation is folded in.
    """
    import keras

    kinds = keras.layers.Conv2D, keras.layers.DepthwiseConv2D, keras.layers.BatchNormalization
    convolutions, deep, norms = ([layer for layer in network.layers if isinstance(layer, kind)] for kind in kinds)
    layers = [layer for layer in network.layers if layer in [*convolutions, *deep]]
    added = {layer.name for layer in network.layers if isinstance(layer, keras.layers.Add)}
    kernels, numbers, blocks = [], [], {}
    for layer, norm in zip(layers, norms, strict=True):
        gamma, beta, mean, variance = (np.asarray(one, np.float64) for one in (
            norm.gamma, norm.beta, norm.moving_mean, norm.moving_variance))
        factor = gamma / np.sqrt(variance + norm.epsilon)
        kernel = np.asarray(layer.kernel, np.float64).transpose((2, 3, 0, 1) if layer in deep else (3, 0, 1, 2))
        kernel = kernel.reshape(len(factor), -1) * factor[:, None]
        fine, (block, _, part) = kernel.size <= SMALL, layer.name.partition("_")
        steps = np.abs(kernel).max(axis=1) / (32767 if fine else 127) + np.finfo(np.float32).tiny
        kernels.append(np.round(kernel / steps[:, None]).astype("<i2" if fine else "i1").tobytes())
        numbers += [steps, beta - mean * factor]
        blocks.setdefault(block + part * (block == "conv"), []).append({
            "kind": "depthwise" if layer in deep else "pointwise" if layer.kernel_size == (1, 1) else "full",
            "kernel": layer.kernel_size[0], "stride": layer.strides[0], "in": layer.input.shape[-1],
            "out": len(factor), "fine": fine, "relu": part != "project_conv",
            "shortcut": part == "project_conv" and f"{block}_add" in added})
    return {"blocks": [*blocks.values()], "kernels": base64.b64encode(b"".join(kernels)).decode(),
            "numbers": _encode(np.concatenate(numbers))}


def _shrink(known: ClassMeans) -> dict:
    small = np.round(127 * known.means / np.abs(known.means).max(axis=1, keepdims=True))
    return {"centre": _encode(known.centre), "means": _encode(small, "i1"),
            "held_out": known.held_out.astype(float).round(5).tolist()}


def _encode(array: np.ndarray, dtype: str = "<f4") -> str:
    return base64.b64encode(array.astype(dtype).tobytes()).decode()
