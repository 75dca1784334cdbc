"""What a worker may use: CPU seconds by the size of its task, and memory; read from /proc while it works."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from lineage.errors import HallmarkError

#: A task that does not use the processor at all (a lock, a lost disk) is given up after this many times its limit.
IDLE_FACTOR = 10


@dataclass(frozen=True)
class Limits:
    """Bounds of one task: `seconds` + weight / `bytes_per_second` of CPU time, and resident `memory` in bytes."""

    seconds: float
    bytes_per_second: float
    memory: int

    def cpu(self, weight: int) -> float:
        return self.seconds + weight / self.bytes_per_second


@dataclass(frozen=True)
class Lost:
    """A task that gave no result: its worker `died`, ran out of `time` or out of `memory`."""

    why: str

    @property
    def words(self) -> str:
        return {
            "died": "the worker died on it (killed, or a crash in native code)",
            "time": "it did not end within its time limit",
            "memory": "it needed more memory than a worker may use",
        }[self.why]

    def error(self, label: str) -> HallmarkError:
        return HallmarkError(
            self.words,
            where=label,
            cure="lower ingest.part_mib or executor.workers, or give the machine more memory or time",
        )


def machine_memory() -> int:
    """Return the bytes of memory this process may use: of its cgroup, else of the machine."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        group = Path("/sys/fs/cgroup/memory.max").read_text().strip()
    except OSError:
        return total
    return min(total, int(group)) if group.isdigit() else total


def spent(pid: int) -> tuple[float, int] | None:
    """Return (CPU seconds, resident bytes) of a process; None where that cannot be read."""
    if sys.platform != "linux":
        return None
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    ticks = int(fields[11]) + int(fields[12])  # utime and stime, fields 14 and 15 of proc(5)
    return ticks / os.sysconf("SC_CLK_TCK"), int(fields[21]) * os.sysconf("SC_PAGE_SIZE")
