"""Compiled kernels; built from csrc/."""

from typing import Any

def __getattr__(name: str) -> Any: ...
