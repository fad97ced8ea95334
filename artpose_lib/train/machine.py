"""How many trials a machine trains at once, and the GPUs that it has."""

import os
import subprocess

TRIAL_MEMORY = 4 * 2**30  # bytes; the most that a training step at 224 x 224 took is 3.6 GiB
TRIAL_GPU_MEMORY = 18 * 2**30  # bytes; XLA's plan for the largest step: VGG16, 100 pictures, float32
TRIAL_CORES = 3  # beside a GPU: one feeds it, the others compile and augment


def count_workers(cores: int, memory: float, gpus: int = 0, gpu_memory: float = 2**60) -> int:
    """How many trials a machine trains at once: one a processor core, or several a GPU, as far as cores and memory go.
    Memory in bytes, `gpu_memory` of one GPU."""
    most = min(cores // TRIAL_CORES, gpus * max(1, gpu_memory // TRIAL_GPU_MEMORY)) if gpus else cores
    return int(max(1, gpus, min(most, memory // TRIAL_MEMORY)))


def measure_machine() -> tuple[int, int]:
    """The cores and the bytes of memory of this machine; within a container its own, where Dask is there to tell."""
    try:
        from dask.system import CPU_COUNT
        from distributed.system import MEMORY_LIMIT
    except ImportError:
        return os.cpu_count() or 1, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return CPU_COUNT, MEMORY_LIMIT


def find_gpus() -> tuple[list[str], float]:
    """The numbers of this machine's GPUs, of those that CUDA_VISIBLE_DEVICES leaves, and the bytes that are free on the
    fullest; as `nvidia-smi` says."""
    command = ["nvidia-smi", "--query-gpu=index,memory.free", "--format=csv,noheader,nounits"]
    try:
        told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return [], 0
    free = dict(line.split(", ") for line in told.splitlines())
    allowed = os.environ.get("CUDA_VISIBLE_DEVICES", ",".join(free)).split(",")
    gpus = [number for number in allowed if number not in ("", "-1")]
    # A part of a GPU has a name of its own (MIG), and its memory may not be told.
    return gpus, min((int(free[number]) * 2**20 for number in gpus if free.get(number, "").isdecimal()), default=0)
