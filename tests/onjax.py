"""Run by a process of its own, on JAX: `onjax.py DATA RESULTS` trains Experiments 1 and 2 with a stand-in network.

It prints as JSON the names of the `programs` that were compiled, the number of `trials`, how many pictures a last
batch has (`smaller`) and how far training with it filled up and as it is come `apart`.
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
phase = replace(trial.recipe.phases[0], initial_lr=0.01)
for fill in (True, False):
    trainer.fill = fill
    trainer.reset(40, random_weights=False)
    histories.append(trainer.fit(parts.train, parts.validation, trial.recipe, phase, 3, None, 0))
print(json.dumps({"programs": programs, "trials": len(trials), "smaller": len(parts.train.y) % trial.recipe.batch_size,
                  "apart": float(np.abs(histories[0] - histories[1]).to_numpy().max())}))
print(*histories, file=sys.stderr)
