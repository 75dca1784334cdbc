"""A team's own moderation model as a detector: a command that stays open, or an HTTP endpoint on this machine.

Both get one JSON object per batch, {"texts": [...]}, and answer with one, {"scores": [[...], ...]}: per text one number
from 0 to 1 for each code, in the order of `codes`. A late, broken or partial answer is an error, never a missing score.
"""

from __future__ import annotations

import atexit
import hashlib
import http.client
import json
import queue
import shutil
import subprocess
import threading
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import polars as pl

from lineage.errors import HallmarkError, SettingsError, TrustError
from stages.screen.external_settings import ExternalSettings
from stages.screen.matcher import FINDING


class ExternalError(HallmarkError):
    """An external detector gave no usable answer; the stage stops, because nothing may pass unscreened."""


_MAX_ANSWER = 64 << 20


def find(texts: pl.Series, settings: ExternalSettings) -> pl.DataFrame:
    """Return findings (text, code, detector, level, score, n): per text the worst of its windows."""
    check(settings)
    own, owners = windows(texts, settings.max_chars)
    scores = [
        row for k in range(0, len(own), settings.batch) for row in _ask(settings, own[k : k + settings.batch])
    ]
    return worst(scores, owners, settings.codes, settings.detector, settings.floor)


def worst(
    scores: list[list[float]], owners: list[int], codes: tuple[str, ...], detector: str, floor: float
) -> pl.DataFrame:
    """Return findings of the scores of windows ([windows][codes]): per owner and code the highest from `floor` on."""
    frame = pl.DataFrame(scores, schema=dict.fromkeys(codes, pl.Float64), orient="row")
    frame = frame.with_columns(pl.Series("text", owners, dtype=pl.UInt32))
    long = frame.unpivot(index="text", variable_name="code", value_name="score")
    long = long.with_columns(pl.col("score").round(4)).filter(pl.col("score") >= floor)
    return (
        long.group_by("text", "code")
        .agg(pl.col("score").max(), pl.len().alias("n"))
        .with_columns(detector=pl.lit(detector), level=pl.lit("flag"))
        .select(list(FINDING))
        .cast(FINDING)
        .sort("text", "code")
    )


def digest(settings: ExternalSettings) -> str:
    """Return the sha256 of the settings and of the bytes of `files`: what stands for the model in a certificate."""
    own = settings.model_dump(
        mode="json", exclude={"timeout", "batch", "floor", "sha256", "files", "command", "url"}
    )
    return hashlib.sha256(json.dumps([own, files_sha256(settings)], sort_keys=True).encode()).hexdigest()


def files_sha256(settings: ExternalSettings) -> str:
    """Return the sha256 over the names and bytes of `files`, in their order; a missing one is a SettingsError."""
    total = hashlib.sha256()
    for name in settings.files:
        try:
            total.update(Path(name).name.encode() + b"\0" + hashlib.sha256(Path(name).read_bytes()).digest())
        except OSError as error:
            raise SettingsError(
                f"a file of the external detector cannot be read: {error.strerror}",
                where=f"screen.external: {settings.name}",
                cure="correct `files`",
            ) from None
    return total.hexdigest()


def check(settings: ExternalSettings) -> None:
    """Raise where the program is missing or its files are not those that the settings name."""
    where = f"screen.external: {settings.name}"
    if settings.command and shutil.which(settings.command[0]) is None:
        raise SettingsError(
            "the program of the external detector does not exist", where=where, cure="correct `command`"
        )
    if settings.sha256 and files_sha256(settings) != settings.sha256:
        raise TrustError(
            "the external detector's files differ from their digest", where=where, cure="restore them"
        )


def windows(texts: pl.Series, size: int) -> tuple[list[str], list[int]]:
    """Return the texts in pieces of `size` characters, and the text that each is of."""
    found, owners = [], []
    for k, text in enumerate(texts.to_list()):
        pieces = [text[a : a + size] for a in range(0, len(text), size)] or [""]
        found += pieces
        owners += [k] * len(pieces)
    return found, owners


def _ask(settings: ExternalSettings, texts: list[str]) -> list[list[float]]:
    body = json.dumps({"texts": texts}, ensure_ascii=False).encode()
    answer = _post(settings, body) if settings.url else _process(settings.command).ask(body, settings)
    try:
        scores = json.loads(answer)["scores"]
        rows = [[float(value) for value in row] for row in scores]
    except (ValueError, KeyError, TypeError):
        raise _failed(settings, 'its answer is not {"scores": [[...]]}') from None
    if len(rows) != len(texts) or any(len(row) != len(settings.codes) for row in rows):
        raise _failed(settings, "its answer has another number of scores than texts and codes")
    if any(not 0 <= value <= 1 for row in rows for value in row):
        raise _failed(settings, "a score is not between 0 and 1")
    return rows


def _post(settings: ExternalSettings, body: bytes) -> bytes:
    parts = urlsplit(settings.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=settings.timeout)
    try:
        connection.request("POST", parts.path or "/", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        data = answer.read(_MAX_ANSWER)
    except TimeoutError:
        raise _failed(settings, f"no answer within {settings.timeout:g} s") from None
    except (OSError, http.client.HTTPException) as error:
        raise _failed(settings, f"it cannot be reached: {type(error).__name__}") from None
    finally:
        connection.close()
    if answer.status != 200:
        raise _failed(settings, f"it answered with status {answer.status}")
    return data


def _failed(settings: ExternalSettings, why: str) -> ExternalError:
    return ExternalError(
        f"the external detector {settings.detector} failed: {why}",
        where=f"screen.external: {settings.name}",
        cure="start or mend it, or take it out of params.yaml; nothing was passed as screened",
    )


class _Process:
    """A command kept open: one JSON line in, one out."""

    def __init__(self, command: tuple[str, ...]) -> None:
        self.child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self.lines: queue.Queue[bytes] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        atexit.register(self.close)

    def ask(self, body: bytes, settings: ExternalSettings) -> bytes:
        """Return the answer line; the process is closed where it is late or gone."""
        assert self.child.stdin is not None
        try:
            self.child.stdin.write(body + b"\n")
            self.child.stdin.flush()
            line = self.lines.get(timeout=settings.timeout)
        except queue.Empty:
            self.close()
            raise _failed(settings, f"no answer within {settings.timeout:g} s") from None
        except OSError:
            self.close()
            raise _failed(settings, "the program has ended") from None
        if not line:
            self.close()
            raise _failed(settings, "the program has ended")
        return line

    def close(self) -> None:
        """End the program; the next batch starts a new one."""
        _process.cache_clear()
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait()
        for pipe in (self.child.stdin, self.child.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    continue

    def _read(self) -> None:
        stream: Any = self.child.stdout
        try:
            for line in iter(lambda: stream.readline(_MAX_ANSWER), b""):
                self.lines.put(line)
        except ValueError:
            pass
        self.lines.put(b"")


@lru_cache(maxsize=8)
def _process(command: tuple[str, ...]) -> _Process:
    return _Process(command)
