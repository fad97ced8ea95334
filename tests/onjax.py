"""Run by a process of its own, on JAX: `onjax.py DATA RESULTS` trains Experiments 1 and 2 with a stand-in network.

It prints as JSON the names of the `programs` that were compiled, the number of `trials`, how many pictures a last
batch has (`smaller`), which steps are compiled `anew` for it where it is filled up and where not, and how far training
with both comes `apart`, where batch normalisation is held fixed and where it learns.
"""

import json
import sys
from dataclasses import replace

import numpy as np
from jax import monitoring

compiled, loaded = [], []


def note(event, **_):
    if event.endswith("/cache_hits"):
        loaded.append(event)


def note_duration(event, _, fun_name="", **__):
    if event.endswith("/backend_compile_duration"):  # of what is loaded too
        _ = loaded.pop() if loaded else compiled.append(fun_name)


monitoring.register_event_listener(note)
monitoring.register_event_duration_secs_listener(note_duration)

import standin  # noqa: E402

from artpose_lib.model import classifier  # noqa: E402
from artpose_lib.train import study  # noqa: E402

classifier.build_classifier = lambda name, n_classes, size, *_: standin.network(size)
opened = study.open_study(sys.argv[1], profile="smoke", results=sys.argv[2])
study.BACKBONES = {standin.LITE: study.BACKBONES[standin.LITE]}
trials = [*opened.train("baseline", "frozen", "finetuned").records, *opened.train("finetuned_aug").records]
programs = list(compiled)

(trial,), _ = opened.plan(["finetuned"])
trainer, parts, histories = trial.build_network(), trial.load(trial), []
anew = []
phase = replace(trial.recipe.phases[0], initial_lr=0.01)
for fill in (True, False):
    trainer.fill = fill
    before = len(compiled)
    for pretrained in (True, False):  # without batch normalisation, and with it
        trainer.reset(40, random_weights=False)
        classifier.set_trainable(trainer.model, "finetuned", pretrained)
        histories.append(trainer.fit(parts.train, parts.validation, trial.recipe, phase, 3, None, 0))
    anew.append([name for name in compiled[before:] if "_step" in name])
print(json.dumps({"programs": programs, "anew": anew, "trials": len(trials),
                  "smaller": len(parts.train.y) % trial.recipe.batch_size,
                  "apart": [float(np.abs(filled - smaller).to_numpy().max())
                            for filled, smaller in zip(histories[:2], histories[2:], strict=True)]}))
print(*histories, file=sys.stderr)
