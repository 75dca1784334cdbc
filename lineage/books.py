"""Law 1: in = kept + redacted + removed + quarantined + unreadable, per part, source and release."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lineage.errors import BooksError

if TYPE_CHECKING:
    import polars as pl

OUT = ("kept", "redacted", "removed", "quarantined", "unreadable")


@dataclass
class Books:
    """Counts of documents by source, part, disposition, stage and reason."""

    flows: dict[tuple[str, str], dict[str, int]] = field(default_factory=dict)
    lines: dict[tuple[str, str, str, str], int] = field(
        default_factory=dict
    )  # source, stage, disposition, reason

    def add(self, source: str, part: str, decisions: pl.DataFrame) -> None:
        """Enter one part's decisions."""
        flow = {"in": decisions.height} | dict.fromkeys(OUT, 0)
        for disposition, n in decisions.group_by("disposition").len().rows():
            if disposition not in flow:
                raise BooksError(
                    f"{n} documents have the disposition {disposition!r}", where=f"{source}/{part}"
                )
            flow[disposition] += n
        self.flows[source, part] = flow
        counts = decisions.group_by("stage", "disposition", "reason").len()
        for stage, disposition, reason, n in counts.rows():
            key = (source, stage or "", disposition, reason or "")
            self.lines[key] = self.lines.get(key, 0) + n

    def close(self) -> None:
        """Raise BooksError unless every part's sum is closed."""
        for (source, part), flow in sorted(self.flows.items()):
            out = sum(flow[k] for k in OUT)
            if out != flow["in"]:
                raise BooksError(f"{flow['in']} documents in, {out} out", where=f"{source}/{part}")

    def by_source(self) -> dict[str, dict[str, int]]:
        """Return the flow of each source."""
        total: dict[str, dict[str, int]] = {}
        for (source, _), flow in sorted(self.flows.items()):
            row = total.setdefault(source, dict.fromkeys(("in", *OUT), 0))
            for name, n in flow.items():
                row[name] += n
        return total

    def total(self) -> dict[str, int]:
        """Return the flow of the whole release."""
        rows = self.by_source().values()
        return {name: sum(r[name] for r in rows) for name in ("in", *OUT)}

    def reasons(self, source: str | None = None) -> list[dict[str, Any]]:
        """Return [{stage, disposition, reason, docs}] of documents that did not simply stay, most first."""
        total: dict[tuple[str, str, str], int] = {}
        for (where, stage, disposition, reason), n in self.lines.items():
            if reason and (source is None or where == source):
                key = (stage, disposition, reason)
                total[key] = total.get(key, 0) + n
        rows = [
            dict(zip(("stage", "disposition", "reason"), k, strict=True)) | {"docs": n}
            for k, n in total.items()
        ]
        return sorted(rows, key=lambda r: (-r["docs"], r["stage"], r["disposition"], r["reason"]))
