"""One open desk: the item on the screen, the verdict that is given, and what can be taken back."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lineage.errors import HallmarkError
from pipelines.project import Project
from pipelines.review_desk import queue
from pipelines.review_desk.codes import VERDICT_KEYS, families, known_codes
from pipelines.review_desk.draws import Item
from pipelines.review_desk.journal import Journal
from pipelines.review_desk.marks import Finding, Mark
from pipelines.review_desk.outside import ReleaseShelf
from pipelines.review_desk.people import check_name, qualification
from pipelines.review_desk.presence import Presence
from pipelines.review_desk.segments import segments
from pipelines.review_desk.shelf import ProjectShelf
from pipelines.review_desk.texts import Reading

LONGEST = 6 * 3600.0  # seconds; a longer reading is a page left open


class StaleError(HallmarkError):
    """A verdict came for another item than the one on the screen."""


@dataclass(frozen=True)
class Prepared:
    reading: Reading
    findings: list[Finding]
    marks: list[Mark]


class Desk:
    """The state of one reader on one draw; safe for several threads and browser tabs."""

    def __init__(
        self, place: Project | ReleaseShelf, draw: str, person: str, role: str, source: str | None = None
    ) -> None:
        shelf = ProjectShelf(place, draw, source) if isinstance(place, Project) else place
        self.shelf, self.draw, self.person, self.role = shelf, draw, check_name(person), role
        folder = shelf.reviews
        self.qualified = qualification(folder, person, role, datetime.now(UTC).date())
        self.rulebook, self.items, self.sample = shelf.rulebook, shelf.items, shelf.sample
        self.by_id = {item.id: item for item in self.items}
        self.presence = Presence(shelf.presence, draw, person, role)
        self.journal = Journal(folder, person)
        self.mended = self.journal.mend()
        self.journal.lines()
        self._lock = threading.RLock()
        self._ahead = ThreadPoolExecutor(max_workers=1, thread_name_prefix="next-item")
        self._cache: dict[str, Future[Prepared]] = {}
        self._done: list[str] = []
        self._current: Item | None = None

    def state(self) -> dict[str, Any]:
        """Return what the page shows beside the text: who, what, progress, keys, and the current item's id."""
        with self._lock:
            found = queue.readings(self.journal.lines(), self.draw)
            current = self._choose(found)
            counts = queue.progress(self.items, found, self.person, self.role)
            return {
                "draw": self.draw,
                "person": self.person,
                "role": self.role,
                "qualified": self.qualified,
                "rulebook": self.rulebook.label,
                "dataset": self.shelf.title,
                "counts": counts,
                "pace": self._pace(),
                "families": families(),
                "undo": len(self._mine()),
                "item": current.id if current else None,
            }

    def item(self, wanted: str) -> dict[str, Any]:
        """Return one item of the draw as the page shows it; unknown ids are an error."""
        if wanted not in self.by_id:
            raise HallmarkError("no such item in this draw")
        ready = self._prepare(self.by_id[wanted]).result()
        pieces, more = segments(ready.reading.text, ready.marks, ready.reading.turns)
        return self.shelf.view(ready.reading, ready.findings, self._number(wanted)) | {
            "segments": pieces,
            "more": more,
            "opinions": self._opinions(self.by_id[wanted]),
        }

    def window(self, wanted: str, start: int) -> dict[str, Any]:
        """Return the next window of a long text from character `start`."""
        if wanted not in self.by_id:
            raise HallmarkError("no such item in this draw")
        ready = self._prepare(self.by_id[wanted]).result()
        start = max(0, min(start, len(ready.reading.text)))
        pieces, more = segments(ready.reading.text, ready.marks, ready.reading.turns, start)
        return {"segments": pieces, "more": more}

    def judge(self, wanted: str, verdict: str, code: str | None, seconds: float) -> dict[str, Any]:
        """Append a verdict on the item on the screen and return the new state; it is on disk when this returns."""
        with self._lock:
            if self._current is None or wanted != self._current.id:
                raise StaleError("this item is not on the screen any more: it was judged in another window")
            if verdict not in (*VERDICT_KEYS.values(), "remove"):
                raise HallmarkError("no such verdict")
            if verdict == "remove" and code not in known_codes():
                raise HallmarkError("a removal names a risk code")
            self.journal.append(
                self._entry(self._current, verdict, code if verdict == "remove" else None, seconds)
            )
            self._cache.pop(wanted, None)
            self._current = None
            return self.state()

    def undo(self) -> dict[str, Any]:
        """Take back this person's last verdict that stands, bring the item back, and return the new state."""
        with self._lock:
            mine = self._mine()
            if not mine:
                raise HallmarkError("nothing to take back")
            item = self.by_id[mine[-1]]
            self.journal.append(self._entry(item, "undo", None, 0.0))
            self._current = item
            return self.state()

    def close(self) -> None:
        """Leave the desk: the item on the screen is free for others."""
        self._ahead.shutdown(wait=False, cancel_futures=True)
        self.presence.close()

    def _entry(self, item: Item, verdict: str, code: str | None, seconds: float) -> dict[str, Any]:
        return {
            "doc_id": item.id,
            "text_sha256": item.text_sha256,
            "verdict": verdict,
            "code": code,
            "reviewer": self.person,
            "role": self.role,
            "draw": self.draw,
            "sample": self.sample,
            "rulebook": self.rulebook.label,
            "qualified": self.qualified,
            "seconds": round(min(max(seconds, 0.0), LONGEST), 1),
            "at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }

    def _choose(self, found: dict[tuple[bytes, bytes], queue.Readings]) -> Item | None:
        """Keep the item on the screen while it waits, else take the next; prepare the one after it."""
        left = queue.waiting(self.items, found, self.person, self.role)
        taken = self.presence.elsewhere()
        free = [i for i in left if i.id not in taken] or left
        if self._current is None or self._current not in left:
            self._current = free[0] if free else None
            self.presence.show(self._current.id if self._current else "")
        for item in [self._current, *(i for i in free if i is not self._current)][:2]:
            if item is not None:
                self._prepare(item)
        return self._current

    def _prepare(self, item: Item) -> Future[Prepared]:
        with self._lock:
            if item.id not in self._cache:
                while len(self._cache) >= 4:
                    self._cache.pop(next(iter(self._cache)))
                self._cache[item.id] = self._ahead.submit(self._read, item)
            return self._cache[item.id]

    def _read(self, item: Item) -> Prepared:
        reading = self.shelf.texts.read(item)
        return Prepared(reading, *self.shelf.marks(reading))

    def _mine(self) -> list[str]:
        """Return the items of this draw this person has a verdict on, in the order of the last lines."""
        lines = self.journal.lines()
        own = lines.filter(
            reviewer=self.person, role=self.role, draw=self.draw, file=self.journal.path.name
        ).unique(["doc_id"], keep="last", maintain_order=True)
        ids = own.sort("line").filter(own.sort("line")["verdict"] != "undo")["doc_id"].bin.encode("hex")
        return [i for i in ids if i in self.by_id]

    def _number(self, wanted: str) -> int:
        return next(n for n, i in enumerate(self.items, 1) if i.id == wanted)

    def _opinions(self, item: Item) -> list[dict[str, str]]:
        """Return the readings an adjudicator decides between; readers themselves never see another's."""
        if self.role != "adjudicator":
            return []
        own = self.journal.lines().filter(draw=self.draw)
        from stages.decide.reviews import standing

        rows = standing(own).filter(doc_id=item.key[0], text_sha256=item.key[1])
        shown = rows.select("reviewer", "role", "verdict", "code").to_dicts()
        return [r for r in shown if r["role"] != "adjudicator" and r["verdict"] != "skip"]

    def _pace(self) -> float | None:
        """Return this person's median seconds per item in this draw."""
        own = self.journal.lines().filter(reviewer=self.person, draw=self.draw)
        timed = own.filter(own["verdict"].is_in(["pass", "remove", "unsure"]))["seconds"].drop_nulls()
        return round(float(timed.median()), 1) if len(timed) else None  # type: ignore[arg-type]
