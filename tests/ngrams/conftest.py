"""The slow n-grams beside the tests are imported by name; with importlib's import mode their folder must be on the path."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
