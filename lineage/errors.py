"""One exception family: every error for a user says what is wrong, where, and what to do."""

from __future__ import annotations


class HallmarkError(Exception):
    """A problem that the user can mend: `what` is wrong, `where` (file, line, field), and the `cure`."""

    def __init__(self, what: str, *, where: str = "", cure: str = "") -> None:
        self.what, self.where, self.cure = what, where, cure
        super().__init__(self.__str__())

    def __reduce__(self):  # survives the way back from a worker process
        return _rebuild, (type(self), self.what, self.where, self.cure)

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        cure = f"\n  -> {self.cure}" if self.cure else ""
        return f"{place}{self.what}{cure}"


class SettingsError(HallmarkError):
    """params.yaml, sources.yaml or a policy cannot be used as it stands."""


class InputError(HallmarkError):
    """An input file or record cannot be read."""


class BooksError(HallmarkError):
    """Documents went missing or appeared from nowhere: law 1 is broken."""


class TrustError(HallmarkError):
    """A key, signature or digest is not what it should be."""


class WithheldError(HallmarkError):
    """A computed gate failed; the release was built but not published."""


def _rebuild(cls: type[HallmarkError], what: str, where: str, cure: str) -> HallmarkError:
    return cls(what, where=where, cure=cure)
