"""The operator's embedding model in a local folder, with a head per code: it takes the place of the shipped vectors.

The folder holds `model.onnx` (a sentence encoder as exported from sentence-transformers or others), `tokenizer.json`
(of the tokenizers library) and `head.json`, which `python -m pipelines.train head` writes: codes, weights, thresholds,
and the digests of the other two. Nothing is fetched; the model runs on one thread of this machine's processor.
"""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lineage.errors import SettingsError, TrustError
from stages.screen import external

MODEL, TOKENIZER, HEAD = "model.onnx", "tokenizer.json", "head.json"
FILES = (MODEL, TOKENIZER)
_BATCH = 32


class Head(BaseModel):
    """The form of head.json."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    version: int = Field(1, ge=1)
    languages: tuple[str, ...] = Field(min_length=1)
    codes: tuple[str, ...] = Field(min_length=1)
    thresholds: dict[str, float] = Field({}, description="Score from which a code counts in its evidence.")
    max_tokens: int = Field(256, ge=8, le=8192)
    pooling: str = Field("mean", pattern=r"^(mean|cls)$")
    weights: tuple[tuple[float, ...], ...]  # one row per code
    bias: tuple[float, ...]
    sha256: dict[str, str]


class Embedding:
    """One folder, checked: its head, and the model loaded at first use."""

    def __init__(self, folder: str) -> None:
        self.folder, self.head = Path(folder), read_head(Path(folder))
        for name in FILES:
            if hashlib.sha256(_bytes(self.folder / name)).hexdigest() != self.head.sha256.get(name):
                raise TrustError(
                    "file differs from the digest in head.json",
                    where=str(self.folder / name),
                    cure="restore it, or make head.json again",
                )
        self.weights = np.array(self.head.weights, np.float64)
        if len(self.weights) != len(self.head.codes) or len(self.head.bias) != len(self.head.codes):
            raise _wrong(self.folder, "weights and bias need one row per code")

    @property
    def detector(self) -> str:
        """Detector name with version."""
        return f"{self.head.name}@{self.head.version}"

    @cached_property
    def encoder(self) -> Encoder:
        """The model, loaded at first use."""
        return Encoder(self.folder, self.head.max_tokens, self.head.pooling)

    def digest(self) -> str:
        """Return the sha256 over the head, which names the digests of model and tokenizer, and this code."""
        parts = [_bytes(self.folder / HEAD), Path(__file__).read_bytes()]
        return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()

    def find(self, texts: pl.Series, window_chars: int, floor: float) -> pl.DataFrame:
        """Return findings (text, code, detector, level, score, n): per text the worst of its windows."""
        windows, owners = external.windows(texts, window_chars)
        documents = self.encoder.documents(windows)
        if documents.shape[1] != self.weights.shape[1]:
            raise _wrong(
                self.folder, f"weights have {self.weights.shape[1]} columns, {MODEL} {documents.shape[1]}"
            )
        scores = 1 / (1 + np.exp(-(documents @ self.weights.T + np.array(self.head.bias))))
        return external.worst(scores.tolist(), owners, self.head.codes, self.detector, floor)


class Encoder:
    """A sentence encoder in a folder: texts to vectors of unit length."""

    def __init__(self, folder: Path, max_tokens: int, pooling: str) -> None:
        try:
            import onnxruntime
            import tokenizers
        except ImportError as error:
            raise SettingsError(
                f"{error.name} is not installed",
                where="screen.embedding",
                cure="pip install 'hallmark[embed]'",
            ) from None
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self.folder, self.pooling = folder, pooling
        try:
            self.session = onnxruntime.InferenceSession(
                _bytes(folder / MODEL), options, providers=["CPUExecutionProvider"]
            )
            self.tokenizer = tokenizers.Tokenizer.from_buffer(_bytes(folder / TOKENIZER))
        except SettingsError:
            raise
        except Exception as error:  # both raise their own kinds, some without a common base
            raise _wrong(folder, f"cannot be loaded: {type(error).__name__}") from None
        self.tokenizer.enable_truncation(max_tokens)
        self.tokenizer.no_padding()
        self.inputs = [given.name for given in self.session.get_inputs()]
        outputs = self.session.get_outputs()
        self.output = next((o.name for o in outputs if o.name == "sentence_embedding"), outputs[0].name)

    def documents(self, texts: list[str]) -> np.ndarray:
        """Return float64[texts, dim] of unit length; texts of like length run together, so that little is padded."""
        encoded = self.tokenizer.encode_batch(texts)
        order = sorted(range(len(texts)), key=lambda k: (len(encoded[k].ids), k))
        parts = [
            self._run([encoded[k].ids for k in order[a : a + _BATCH]]) for a in range(0, len(order), _BATCH)
        ]
        rows = np.concatenate(parts) if parts else np.zeros((0, 1))
        result = np.empty_like(rows)
        result[order] = rows
        return result / np.maximum(np.linalg.norm(result, axis=1, keepdims=True), 1e-12)

    def _run(self, batch: list[list[int]]) -> np.ndarray:
        width = max(max(map(len, batch)), 1)
        ids = np.array([row + [0] * (width - len(row)) for row in batch], np.int64)
        mask = np.array([[1] * len(row) + [0] * (width - len(row)) for row in batch], np.int64)
        known = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        if unknown := [name for name in self.inputs if name not in known]:
            raise _wrong(
                self.folder, f"the model asks for {', '.join(unknown)}, and only {', '.join(known)} are there"
            )
        try:
            (out,) = self.session.run([self.output], {name: known[name] for name in self.inputs})
        except Exception as error:
            raise _wrong(self.folder, f"the model failed: {type(error).__name__}") from None
        out = np.asarray(out, np.float64)
        if out.ndim == 3 and self.pooling == "cls":
            out = out[:, 0]
        elif out.ndim == 3:
            out = (out * mask[:, :, None]).sum(axis=1) / np.maximum(mask.sum(axis=1), 1)[:, None]
        if out.ndim != 2 or not np.isfinite(out).all():
            raise _wrong(
                self.folder, "the model's first output is neither a vector per text nor one per token"
            )
        return out


def read_head(folder: Path) -> Head:
    """Return head.json of a folder; SettingsError where it is missing or of another form."""
    try:
        return Head.model_validate_json(_bytes(folder / HEAD))
    except ValidationError as error:
        first = error.errors()[0]
        raise _wrong(folder, f"{'.'.join(map(str, first['loc'])) or HEAD}: {first['msg']}") from None


def write_head(folder: Path, fields: dict[str, Any]) -> None:
    """Write head.json with the digests of the folder's model and tokenizer."""
    digests = {name: hashlib.sha256(_bytes(folder / name)).hexdigest() for name in FILES}
    head = Head(**fields, sha256=digests)
    text = json.dumps(head.model_dump(mode="json"), indent=1, sort_keys=True)
    (folder / HEAD).write_text(text + "\n", encoding="utf-8")


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SettingsError(
            f"cannot be read: {error.strerror}", where=str(path), cure="correct screen.embedding"
        ) from None


def _wrong(folder: Path, why: str) -> SettingsError:
    return SettingsError(why, where=str(folder), cure="correct the folder, or set screen.embedding to ''")
