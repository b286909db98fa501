"""Let the kernels' tests import the cases they share (native_cases.py)."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
