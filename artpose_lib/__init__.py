"""artpose: can networks trained on photographs learn six art-historical poses?"""

import os
from importlib.util import find_spec

__version__ = "0.1.0"

# A GPU adds in whatever order is quickest, so that one seed gives nearly, and not quite, the same weights twice. The
# backends read their own switches when they start, so it is said here, before anything imports them.
if os.environ.get("ARTPOSE_DETERMINISTIC"):
    os.environ["TF_DETERMINISTIC_OPS"] = "1"
    if "xla_gpu_deterministic_ops" not in os.environ.get("XLA_FLAGS", ""):
        os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_gpu_deterministic_ops=true".strip()

# Keras takes a backend, a float type and an order of axes from ~/.keras/keras.json, where other projects have left
# theirs. Here it keeps its own defaults, but for a backend or a folder that the environment names. The backend is
# TensorFlow, the quickest on a processor; where it is not installed, JAX.
os.environ["KERAS_BACKEND"] = os.environ.get("KERAS_BACKEND") or ("tensorflow" if find_spec("tensorflow") else "jax")
os.environ.setdefault("KERAS_HOME", os.devnull)

# TensorFlow leaves oneDNN off where a processor has no instructions made for networks. Training steps are quicker with
# it there too: fine-tuning ResNet50 on AVX2 alone took two thirds of the time.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

# A GPU's memory is taken as it is needed: several trials may share one, and the chapter that waits for them.
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
