"""Interrupts: Ctrl-C stops training after the current batch, a second one at once; SIGTERM asks for a checkpoint."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any, Self


class Interrupts:
    """Handlers of SIGINT and SIGTERM inside a ``with`` block.

    Handlers are set only in the main thread, and only where the program has none of its own.
    """

    def __init__(self) -> None:
        self.stop = False
        self.terminate = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        """Set the handlers."""
        if threading.current_thread() is threading.main_thread():
            for number, plain, handler in (
                (signal.SIGINT, signal.default_int_handler, self._on_interrupt),
                (signal.SIGTERM, signal.SIG_DFL, self._on_terminate),
            ):
                if signal.getsignal(number) is plain:
                    self._before[number] = signal.signal(number, handler)
        return self

    def __exit__(self, *_: object) -> None:
        """Restore the previous handlers."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _on_interrupt(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        if self.stop:
            raise KeyboardInterrupt
        self.stop = True

    def _on_terminate(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        self.terminate = True
