"""One worker process: takes a task from its pipe, answers on it, and never outlives the run that started it."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
from multiprocessing.connection import Connection
from pathlib import Path

from lineage.errors import HallmarkError

THREADS = ("POLARS_MAX_THREADS", "NUMBA_NUM_THREADS", "OMP_NUM_THREADS")
PR_SET_PDEATHSIG = 1  # prctl(2)


def serve(pipe: Connection) -> None:
    """Answer (fn, task, folder to work in) with ("done", result), ("error", exception) or ("memory", None).

    Ends when the pipe is closed.
    """
    _settle_in()
    while True:
        try:
            fn, task, folder = pipe.recv()
        except EOFError:
            return
        try:
            os.chdir(folder)  # settings name files relative to the project, in which the driver works
            answer = ("done", fn(task))
        except MemoryError:
            answer = ("memory", None)
        except Exception as e:
            answer = ("error", e if isinstance(e, HallmarkError) else wrapped(e, task))
        pipe.send(answer)


def wrapped(error: Exception, task: object) -> HallmarkError:
    """Return the error of a task for a user: its kind, and the system's reason if it has one."""
    # the message of a library's error may quote the text: only its kind goes up
    what = f"{type(error).__name__} in a worker"
    if isinstance(error, OSError) and error.errno:
        what += f": {os.strerror(error.errno)}"
    return HallmarkError(what, where=getattr(task, "label", ""))


def _settle_in() -> None:
    """Use one thread; leave Ctrl-C to the driver; die with it; be the first that the kernel ends for memory."""
    for name in THREADS:
        os.environ[name] = "1"
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform != "linux":
        return
    parent = os.getppid()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")
