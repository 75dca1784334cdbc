"""A release alone at the desk: verified, drawn from its published shards, and read by somebody outside the project."""

from __future__ import annotations

import hashlib
import secrets
import shlex
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl

from lineage import canonical, certificate
from lineage.errors import HallmarkError, SettingsError, TrustError
from lineage.verify import verify_release
from pipelines.project import Project, release_near, write_bytes
from pipelines.review_desk.draws import Item
from pipelines.review_desk.marks import Finding, Mark, find_marks, has_tags
from pipelines.review_desk.rulebook import RuleBook
from pipelines.review_desk.texts import Reading, read_row
from pipelines.review_desk.view import view
from stages.publish.audit import draw_id
from stages.publish.shard import units
from stages.sample import frame_digest, strata, stratified
from stages.screen import ScreenSettings

SCHEMA, RECORD = "urn:hallmark:outside-review:1", "release.json"
ITEMS = 400
MIN_PASS = 0.96  # N4 of GB/T 45654-2025, for a release whose gates do not name their own


class ReleaseShelf:
    """A seeded draw, stratified by source, from the verified shards of a release; as a desk reads from."""

    def __init__(self, release: Path, reviews: Path, record: dict[str, Any], items: list[Item]) -> None:
        self.release, self.reviews, self.presence = release, reviews, reviews / ".desk"
        manifest = _manifest(release)
        self.title = dict(manifest["dataset"]["title"])
        self.sources = {s["id"]: _source(s) for s in manifest.get("sources", ())}
        self.rulebook, self.sample, self.texts = RuleBook(record["rulebook"], ""), record["sample"], self
        self.paths, self.items = _paths(manifest), items
        self.signs = f" --reviews {shlex.quote(str(reviews))}"

    def read(self, item: Item) -> Reading:
        """Return the item as published."""
        path = self.paths[item.source, item.part]
        rows = read_row(self.release / path, item.row)
        if rows.is_empty() or _digest(rows["text"][0]) != item.text_sha256:
            raise HallmarkError(
                "the shard was changed while the desk was open", where=path, cure="verify it again"
            )
        pieces = units(rows.with_columns(row=pl.lit(0, pl.UInt32)))
        facts = rows.drop("text", "turns", "meta").row(0, named=True)
        return Reading(
            item=item,
            text=rows["text"][0],
            turns=tuple(pieces.filter(pl.col("role").is_not_null()).select("offset", "role").rows()),
            redacted=has_tags(rows["text"][0]),
            document=facts | {"file": path, "record": item.row, "native_id": None},
            verdict={},
            quality={"lang": facts["lang"]},
            spans=(),
            hits=(),
        )

    def marks(self, reading: Reading) -> tuple[list[Finding], list[Mark]]:
        """Return the redactions in the text; a release holds no findings of the screen by document."""
        return find_marks(reading, ScreenSettings())

    def view(self, reading: Reading, findings: list[Finding], number: int) -> dict[str, Any]:
        """Return what stands beside the text."""
        return view(self.sources, reading, findings, number)


def lone_release() -> Path | None:
    """Return the release in the current folder where no project is, as `hallmark review serve` finds it; else None."""
    try:
        Project.find()
    except SettingsError:
        return release_near(Path.cwd())
    return None


def reviews_folder(release: Path, given: Path | None = None) -> Path:
    """Return where the readings of a release go: beside it, for a folder inside would spoil it."""
    folder = (given or release.parent / f"{release.name}-reviews").resolve()
    if folder.is_relative_to(release):
        raise HallmarkError(
            "readings cannot lie inside the release they are about",
            where=str(folder),
            cure="name a folder outside with --reviews",
        )
    return folder


def open_release(
    release: Path,
    *,
    trust: Path | None = None,
    reviews: Path | None = None,
    items: int | None = None,
    seed: int | None = None,
) -> ReleaseShelf:
    """Verify a release, draw from it (or the draw recorded before), and return it as a desk reads it.

    Anything but a good release is a TrustError and nothing is opened. Without `seed` a fresh one is taken, so that no
    publisher could know what will be read; it is recorded in the folder of the readings with the draw.
    """
    release = release.resolve()
    folder = reviews_folder(release, reviews)
    report = verify_release(release, trust=trust)
    if not report.ok:
        raise TrustError(report.problems[0].line(), where=str(release), cure="nothing was opened")
    known = read_record(folder) if (folder / RECORD).is_file() else None
    manifest = hashlib.sha256((release / certificate.MANIFEST).read_bytes()).hexdigest()
    _same(known, folder, {"manifest_sha256": manifest, "seed": seed, "items": items})
    seed = known["seed"] if known else secrets.randbelow(2**31) if seed is None else seed
    items = known["items"] if known else items or ITEMS
    frame = _frame(release, report.shards)
    table = stratified(frame, "audit", items, seed)
    drawn = _items(release, _paths(_manifest(release)), table)
    facts = {"frame": {"docs": frame.height, "sha256": frame_digest(frame)}, "strata": strata(frame, table)}
    facts |= {"seed": seed, "items": items, "sample": f"{draw_id(table, seed)}@{manifest[:12]}"}
    record = _record(_manifest(release), manifest, drawn) | facts
    if known is None:
        folder.mkdir(parents=True, exist_ok=True)
        write_bytes(folder / RECORD, canonical.dumps(record) + b"\n")
    elif known != record:
        what = "other shards are here than when this draw was made"
        raise HallmarkError(what, where=str(folder / RECORD), cure="restore them, or take another --reviews")
    return ReleaseShelf(release, folder, record, drawn)


def read_record(folder: Path) -> dict[str, Any]:
    """Return the record of an outside review: release, frame, strata, seed, draw; a HallmarkError where none is."""
    path = folder / RECORD
    if not path.is_file():
        raise HallmarkError(
            "no readings of a release are here",
            where=str(path),
            cure="start with `hallmark review serve RELEASE`",
        )
    found = canonical.loads(path.read_bytes(), where=str(path))
    if not isinstance(found, dict) or found.get("schema") != SCHEMA:
        raise HallmarkError("not the record of a review", where=str(path), cure="restore the file")
    return found


def _record(said: dict[str, Any], manifest: str, drawn: list[Item]) -> dict[str, Any]:
    policy = said["policy"]
    asked = next((g["threshold"] for g in said["gates"] if g["id"] == "manual-audit"), MIN_PASS)
    return {
        "schema": SCHEMA,
        "dataset": {name: said["dataset"][name] for name in ("id", "title", "version")},
        "manifest_sha256": manifest,
        "min_pass": asked,
        "rulebook": f"{policy['id']}@{policy['version']}:{policy['sha256'][:12]}",
        "draw": [{"doc_id": i.id, "source": i.source, "text_sha256": i.text_sha256} for i in drawn],
    }


def _paths(manifest: dict[str, Any]) -> dict[tuple[str, str], str]:
    return {(s["source"], s["part"]): s["path"] for s in manifest["shards"]}


def _same(known: dict[str, Any] | None, folder: Path, wanted: dict[str, Any]) -> None:
    other = [n for n, v in wanted.items() if known and v is not None and known[n] != v]
    if other:
        raise HallmarkError(
            f"this folder holds readings of another draw (differs: {', '.join(other)})",
            where=str(folder / RECORD),
            cure="leave the options out, or name another folder with --reviews",
        )


def _frame(release: Path, shards: list[str]) -> pl.DataFrame:
    """Return every published document of the verified shards, as `stratified` takes it; texts are not read."""
    named = {path: part for (_, part), path in _paths(_manifest(release)).items()}
    pieces = [
        pl.read_parquet(release / path, columns=["doc_id", "source"])
        .with_row_index("row")
        .with_columns(pl.col("doc_id").str.decode("hex"), part=pl.lit(named[path]), text_sha256=pl.lit(b""))
        for path in sorted(shards)
    ]
    return pl.concat(pieces)


def _items(release: Path, paths: dict[tuple[str, str], str], table: pl.DataFrame) -> list[Item]:
    """Return the drawn documents in reading order, each with the digest of its published text."""
    found: dict[int, Item] = {}
    order = ("source", "part", "row", "rank")
    for source, part, row, rank, doc in table.sort(*order).select(*order, "doc_id").iter_rows():
        text = read_row(release / paths[source, part], row)["text"][0]
        found[rank] = Item(doc.hex(), _digest(text), source, part, row, source, rank)
    return [found[rank] for rank in sorted(found)]


def _source(entry: dict[str, Any]) -> SimpleNamespace:
    title = (
        entry["title"] if isinstance(entry["title"], dict) else dict.fromkeys(("zh", "en"), entry["title"])
    )
    return SimpleNamespace(source_class=entry.get("class"), title=title)


def _manifest(release: Path) -> dict[str, Any]:
    return canonical.loads((release / certificate.MANIFEST).read_bytes(), where=certificate.MANIFEST)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
