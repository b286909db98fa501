import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def test_a_killed_run_resumes_to_the_same_bits():
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), *sys.path])}
    command = [sys.executable, str(HERE / "killing.py"), "7"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr[-2000:]
    assert min(json.loads(done.stdout)) >= 10
