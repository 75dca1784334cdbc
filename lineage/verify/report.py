"""What a verification answers: yes or no, the grade reached, and one line per reason."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

GOOD, FAILED, INCOMPLETE, STALE = 0, 1, 2, 3
WORDS = {GOOD: "good", FAILED: "failed", INCOMPLETE: "incomplete", STALE: "stale or revoked"}
_BY_WEIGHT = (FAILED, STALE, INCOMPLETE)


class Problem(NamedTuple):
    """One reason against: its exit code, the file (or "" for the whole), and what is wrong in one line."""

    code: int
    path: str
    what: str

    def line(self) -> str:
        """Return the printed line; a file name cannot steer the terminal."""
        where = f"{printable(self.path)}: " if self.path else ""
        return f"{WORDS[self.code]}: {where}{printable(self.what)}"


@dataclass
class Report:
    """The result: problems and notes, the verified shards, the grade reached, what was covered.

    `parts` counts the parts found on disk of `parts_listed`; `shards` lists paths of verified shard files;
    `not_checked` says in words what this verification did not look at.
    """

    grade: str | None = None
    grade_allowed: str | None = None
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    not_checked: list[str] = field(default_factory=list)
    shards: list[str] = field(default_factory=list)
    parts: int = 0
    parts_listed: int = 0
    files: int = 0
    bytes: int = 0
    deep: bool = False
    validity: dict[str, str] = field(default_factory=dict)
    claim: dict[str, str] = field(default_factory=dict)
    limits: dict[str, list[str]] = field(default_factory=dict)
    _told: set[Problem] = field(default_factory=set, repr=False)

    @property
    def code(self) -> int:
        """The exit code: 0 good, 1 failed, 2 incomplete, 3 stale or revoked; the gravest problem decides."""
        found = {problem.code for problem in self.problems}
        return next((code for code in _BY_WEIGHT if code in found), GOOD)

    @property
    def ok(self) -> bool:
        """Whether everything asked for was found good."""
        return self.code == GOOD

    def refuse(self, code: int, path: str, what: str) -> None:
        """Add a reason against, once."""
        if (problem := Problem(code, path, what)) not in self._told:
            self._told.add(problem)
            self.problems.append(problem)

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON values, keys stable for scripts."""
        problems = [{"code": p.code, "path": p.path, "what": p.what} for p in self.problems]
        names = (
            "grade",
            "grade_allowed",
            "notes",
            "not_checked",
            "shards",
            "parts",
            "parts_listed",
            "files",
            "bytes",
            "deep",
            "validity",
        )
        body = {name: getattr(self, name) for name in (*names, "claim", "limits")}
        return {"code": self.code, "verdict": WORDS[self.code], "problems": problems, **body}

    def text(self, lang: str = "en", most: int = 50) -> str:
        """Return the printed answer: verdict, at most `most` reasons, notes, the claim and its limits."""
        extent = f"{len(self.shards)} shards, {self.files} files, {self.bytes} bytes"
        until = f"; valid until {self.validity['valid_until']}" if self.validity else ""
        head = (
            f"good: {self.grade}; {extent}{until}" if self.ok else f"{WORDS[self.code]}: {extent} looked at"
        )
        lines = [head, *("  " + problem.line() for problem in self.problems[:most])]
        if len(self.problems) > most:
            lines.append(f"  and {len(self.problems) - most} more; --json lists all")
        lines += [f"  note: {printable(note)}" for note in self.notes]
        lines += [f"  not checked: {printable(what)}" for what in self.not_checked]
        if self.ok and self.claim:
            lines.append(f"  {printable(self.claim.get(lang, ''))}")
            lines += [f"  limit: {printable(limit)}" for limit in self.limits.get(lang, [])]
        return "\n".join(lines)


def printable(text: str) -> str:
    """Return text in which every character that is not printable shows as an escape."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
