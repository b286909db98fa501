"""Facts about this machine and installation, and the cost of training here."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import resource
import time
from typing import Any

EXTRAS = {
    "plot": "matplotlib",
    "text": "sacrebleu",
    "audio": "soundfile",
    "video": "av",
    "music": "symusic",
    "image": "PIL",
    "timm": "timm",
}


def installation() -> dict[str, Any]:
    """Return versions, the torch build, whether the native module works, threads and extras."""
    import torch

    import elman

    return {
        "elman": elman.__version__,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gb": round(memory() / 1e9, 1),
        "torch": torch.__version__,
        "torch_build": f"CUDA {torch.version.cuda}" if torch.version.cuda else "CPU",
        "gpu": torch.cuda.get_device_name(0) if torch.cuda.is_available() else "none",
        "torch_threads": torch.get_num_threads(),
        "native": native(),
        "libraries": {
            name: version(name) for name in ("numpy", "scikit-learn", "tokenizers", "safetensors", "narwhals", "pyarrow", "typer")
        },
        "extras": [extra for extra, module in EXTRAS.items() if importlib.util.find_spec(module)],
    }


def memory() -> int:
    """Return the bytes of memory of this machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def version(name: str) -> str:
    """Return the version of an installed distribution, or "missing"."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "missing"


def native() -> str:
    """Return "works", or why the compiled kernels cannot be used."""
    import torch  # noqa: F401  # first, so that both share one OpenMP

    try:
        importlib.import_module("elman._native")
    except ImportError as error:
        return f"missing ({error}); install elman again with a C++ compiler at hand"
    return "works"


def estimate(model: Any, xs: list[Any], ys: list[Any], rows: int) -> dict[str, float]:
    """Measure the cost of training on ``rows`` rows here, by training one epoch on a few of them.

    Parameters
    ----------
    model : Model
        Unfitted, set to one epoch; fitted on the sample given.
    xs : list
        Sources of a sample of the rows.
    ys : list
        Their targets.
    rows : int
        Rows of the whole file.

    Returns
    -------
    dict
        ``epoch_seconds`` of the whole file, ``sample_seconds``, ``peak_bytes`` of this process.
    """
    started = time.perf_counter()
    model.fit(xs, ys)
    took = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1024 if platform.system() == "Linux" else 1)
    return {"epoch_seconds": took * rows / len(xs), "sample_seconds": took, "peak_bytes": float(peak)}
