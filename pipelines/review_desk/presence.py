"""Which desks are open on this machine, so that two people are not given the same item; gone with the process."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from lineage.errors import HallmarkError


class Presence:
    """One locked file per open desk, holding the item on its screen; the lock ends with the process."""

    def __init__(self, folder: Path, draw: str, person: str, role: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self._kind = folder, f"{draw}.{role}"
        self.path = folder / f"{draw}.{role}.{person}.desk"
        self._file = self.path.open("a+b", buffering=0)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise HallmarkError(
                f"{person} has a desk open on this draw already",
                where=str(self.path),
                cure="use that page, or stop the other command first (Ctrl-C); another person takes another --as",
            ) from None

    def show(self, item: str) -> None:
        """Tell the other desks which item this one has on its screen."""
        self._file.truncate(0)
        os.pwrite(self._file.fileno(), item.encode("ascii"), 0)

    def elsewhere(self) -> set[str]:
        """Return the items that other open desks of the same draw and role have on their screens."""
        found = set()
        for path in sorted(self.folder.glob(f"{self._kind}.*.desk")):
            if path == self.path:
                continue
            with path.open("rb") as f:
                try:
                    fcntl.flock(f, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except OSError:
                    found.add(f.read().decode("ascii", "replace"))
        return found - {""}

    def close(self) -> None:
        """Leave: the item is free for others."""
        if not self._file.closed:
            self._file.truncate(0)
            self._file.close()
