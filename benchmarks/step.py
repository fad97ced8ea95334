"""A fine-tuning step of each backbone against the same network in fastai on torch: same batch, float32, Adam.

fastai and torch live in an environment of their own, benchmarks/.venv (`make bench` sets it up; BENCH_PYTHON names
another interpreter). The networks there are pytorchcv's and geffnet's, whose layers are those of keras.applications and
of EfficientNet-Lite; torchvision's own would need torchvision. Each side is a process with as many threads as there are
cores; a round is one step of each. When fine-tuning, batch normalisation stays as ImageNet left it, on both sides; in a
network from scratch it learns. Keras' step includes the preprocessing of uint8 pictures, torch's starts from floats.
"""

import os
import sys
from pathlib import Path

from common import ROOT, ROUNDS, Side, answer_questions, comparison, main, say, seconds, significant

BACKBONES = ("VGG16", "ResNet50", "Xception", "EfficientNet-Lite0")
SIZES = (224, 128)
BATCH = 16
CLASSES = 6
AIM = 1.4
RATE = 1e-4


def measure(small: bool) -> dict:
    python = os.environ.get("BENCH_PYTHON", ROOT / "benchmarks" / ".venv" / "bin" / "python")
    if not Path(python).exists():
        sys.exit(f"no interpreter with torch at {python}: `make bench` sets it up, BENCH_PYTHON names another")
    cases = [(name, size, True) for size in SIZES for name in BACKBONES]
    cases += [(name, SIZES[-1], False) for name in BACKBONES[1:]]  # VGG16 has no batch normalisation
    if small:
        cases = [(BACKBONES[-1], 72, True)]
    with Side(sys.executable, __file__, "keras") as ours, Side(python, __file__, "torch") as torch:
        rate = ours.ask(backbone="", size=0, batch=0)["matmul_gflops"]
        compared, floor = [], {}
        for backbone, size, kept in cases:
            said = [side.ask(backbone=backbone, size=size, batch=BATCH, kept=kept) for side in (torch, ours)]
            plain, own = zip(*[(torch.ask(step=True)["seconds"], ours.ask(step=True)["seconds"])
                               for _ in range(1 if small else ROUNDS)], strict=True)
            name = f"{backbone}, {size} x {size}{'' if kept else ', from scratch'}"
            compared.append(comparison(name, plain, own, AIM, ("fastai on torch", "Keras")))
            best = 3 * said[1]["gflop_a_picture"] * BATCH / rate
            floor[name] = {
                "parameters": [one["parameters"] for one in said], "seconds_at_best": significant(best),
                "share_reached": significant(best / compared[-1]["ours"]["median"])}
        libraries = torch.ask(versions=True)
    return {"batch": BATCH, "torch": libraries, "floor": {"matmul_gflops": rate, "steps": floor},
            "comparisons": compared}


class Keras:
    """Our side: the network, compiled as trials are."""

    def __call__(self, backbone: str = "", size: int = 0, batch: int = 0, kept: bool = True,
                 step: bool = False) -> dict:
        if step:
            return {"seconds": seconds(lambda: self.model.train_on_batch(self.x, self.y))}
        if not backbone:
            from common import processor_rate

            return {"matmul_gflops": processor_rate()}
        import keras
        import numpy as np
        from common import forward_gflop

        from artpose_lib.model import classifier
        from artpose_lib.train import training

        trainer = training.build_trainer(backbone, CLASSES, size)
        self.model = trainer.model
        classifier.set_trainable(self.model, "finetuned", pretrained=kept)
        trainer.compile()
        self.model.optimizer.learning_rate = RATE
        rng = np.random.default_rng(0)
        self.x = rng.integers(0, 256, (batch, size, size, 3), dtype=np.uint8)
        self.y = keras.utils.to_categorical(np.arange(batch) % CLASSES, CLASSES)
        say(f"Keras {backbone} {size}: first step {seconds(lambda: self.model.train_on_batch(self.x, self.y)):.1f} s")
        parameters = sum(int(np.prod(weight.shape)) for weight in self.model.trainable_weights)
        return {"parameters": parameters, "gflop_a_picture": forward_gflop(self.model)}


class Torch:
    """fastai's side: a Learner without progress bar and recorder, one epoch of one batch."""

    def __call__(self, backbone: str = "", size: int = 0, batch: int = 0, kept: bool = True, step: bool = False,
                 versions: bool = False) -> dict:
        if versions:
            return self.versions()
        if step:
            with self.learner.no_logging():
                return {"seconds": seconds(lambda: self.learner.fit(1, RATE))}
        from functools import partial

        import torch
        from fastai.data.core import DataLoaders
        from fastai.data.load import DataLoader
        from fastai.learner import Learner
        from fastai.optimizer import OptimWrapper

        torch.manual_seed(0)
        examples = [(torch.rand(3, size, size) * 2 - 1, number % CLASSES) for number in range(batch)]
        loader = DataLoader(examples, bs=batch, num_workers=0)
        network = torch_network(backbone)
        for layer in network.modules() if kept else ():
            if isinstance(layer, torch.nn.BatchNorm2d):
                layer.requires_grad_(False).eval()
                layer.train = lambda mode=True, layer=layer: layer  # fastai would have it learn all the same
        self.learner = Learner(DataLoaders(loader, []), network, torch.nn.CrossEntropyLoss(),
                               opt_func=partial(OptimWrapper, opt=torch.optim.Adam))
        say(f"torch {backbone} {size}: first step {self(step=True)['seconds']:.1f} s")
        return {"parameters": sum(weight.numel() for weight in network.parameters() if weight.requires_grad)}

    @staticmethod
    def versions() -> dict:
        import torch
        from common import versions

        return versions("torch", "fastai", "pytorchcv", "geffnet") | {"threads": torch.get_num_threads()}


def torch_network(backbone: str):
    """The network with global average pooling and a linear layer, random weights."""
    from torch import nn

    if backbone == "EfficientNet-Lite0":
        import geffnet

        return geffnet.efficientnet_lite0(pretrained=False, num_classes=CLASSES)
    if backbone == "VGG16":
        from pytorchcv.models.vgg import vgg16 as build
    elif backbone == "ResNet50":
        from pytorchcv.models.resnet import resnet50 as build
    else:
        from pytorchcv.models.xception import xception as build
    features, channels = build().features, 512 if backbone == "VGG16" else 2048
    if backbone == "ResNet50":
        features.final_pool = nn.Identity()
    if backbone == "Xception":
        features.final_block.pool = nn.Identity()
    return nn.Sequential(features, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, CLASSES))


if __name__ == "__main__":
    if sys.argv[1:] in (["keras"], ["torch"]):
        answer_questions({"keras": Keras, "torch": Torch}[sys.argv[1]]())
    else:
        main(measure)
