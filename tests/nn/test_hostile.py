"""Five thousand wrong calls in a child process: each works or raises an error of ours; none crashes or raises another.

``ELMAN_HOSTILE_CALLS`` sets another number.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

CHILD = Path(__file__).parent / "hostile_calls.py"


def test_wrong_calls_raise_our_errors_and_nothing_else():
    count = int(os.environ.get("ELMAN_HOSTILE_CALLS", "5000"))
    done = subprocess.run(
        [sys.executable, str(CHILD), "0", str(count)], capture_output=True, text=True, check=False, timeout=60 + count / 5
    )
    assert done.returncode == 0, f"exit {done.returncode}\n{done.stdout[-500:]}\n{done.stderr[-3000:]}"
    worked, refused = (int(n) for n in re.fullmatch(r"worked=(\d+) refused=(\d+)\n", done.stdout).groups())
    assert worked + refused == count
    assert min(worked, refused) > count / 10  # the calls are neither all nonsense nor all harmless


def test_the_child_notices_a_foreign_error(tmp_path):
    """Negative control: with the border taken away, torch's own errors come through and are seen."""
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]);"
        "import hostile_calls; from elman.kernels.call import Call; from elman.nn import _border;"
        "Call.check = lambda self: None;"
        "hostile_calls.main(0, 400)"
    )
    done = subprocess.run([sys.executable, "-c", script, str(CHILD.parent)], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode != 0
