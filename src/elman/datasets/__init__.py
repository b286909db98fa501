"""Real data sets with origin, licence, checksum and local mirror, and generators of formal languages and classic problems."""

from __future__ import annotations

from elman.datasets import grammars as grammars
from elman.datasets.dataset import Dataset as Dataset
from elman.datasets.dataset import Info as Info
from elman.datasets.dataset import Split as Split
from elman.datasets.registry import info as info
from elman.datasets.registry import load as load
from elman.datasets.registry import names as names
