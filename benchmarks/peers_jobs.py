"""One whole cleaning chain by one tool, as a process of its own: `PYTHON peers_jobs.py TOOL IN OUT WORKERS MODEL`.

IN holds JSON Lines files with id and text, MODEL is a fastText language model. The tool leaves OUT/kept.jsonl with id
and text of what it would publish. Only the tool asked for is imported, so each can live in its own environment.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

THRESHOLD, PERMUTATIONS = 0.8, 128
ALPHA = (
    0.6  # datatrove's 0.8 counts marks as words: it drops most Chinese, and English with spaces around marks
)
JUICER_MINHASH = {
    "tokenization": "character",
    "window_size": 10,
    "num_permutations": PERMUTATIONS,
    "jaccard_threshold": THRESHOLD,
}
ZH_WORDS = ["的", "了", "是", "在", "和", "有", "不", "为", "与", "以"]


def hallmark(given: Path, out: Path, workers: int, model: str) -> None:
    """Scaffold a project and run `dvc repro`: all nine stages, screening, lineage, sheets and certificates too."""
    import polars as pl

    from benchmarks.scaffolded import scaffold, write_entries

    project = out / "project"
    os.environ["HALLMARK_KEYS"] = str(out / "keys")
    scaffold(project, "peers", workers)
    write_entries(project, {"given": str(given / "*.jsonl")}, id="id")
    env = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    subprocess.run([sys.executable, "-m", "dvc", "repro", "--quiet"], cwd=project, env=env, check=True)
    rows = pl.concat(
        [
            pl.read_parquet(p, columns=["doc_id", "text"])
            for p in sorted((project / "release").rglob("*.parquet"))
            if "data" in p.parts
        ]
    )
    names = [line.split('"', 4)[3] for path in sorted(given.glob("*.jsonl")) for line in path.open()]
    known = {hashlib.sha256(b"given\0" + name.encode()).hexdigest(): name for name in names}
    _write(out, ((known[doc], text) for doc, text in rows.rows()))


def datatrove(given: Path, out: Path, workers: int, model: str) -> None:
    """Run reader, language id, Gopher quality, four stages of MinHash, the PII formatter and a writer, per language."""
    from datatrove.executor.local import LocalPipelineExecutor
    from datatrove.pipeline.dedup import MinhashDedupSignature
    from datatrove.pipeline.dedup.minhash import (
        MinhashConfig,
        MinhashDedupBuckets,
        MinhashDedupCluster,
        MinhashDedupFilter,
    )
    from datatrove.pipeline.filters import GopherQualityFilter, LanguageFilter
    from datatrove.pipeline.formatters import PIIFormatter
    from datatrove.pipeline.readers import JsonlReader
    from datatrove.pipeline.writers import JsonlWriter
    from datatrove.utils.typeshelper import Languages

    language = LanguageFilter(["en", "zh"])
    language.model.MODEL_URL = model  # on the object: workers do not inherit a changed class
    files, log = len(list(given.glob("*.jsonl"))), iter(range(99))

    def run(*steps: object, tasks: int = files) -> None:
        LocalPipelineExecutor(
            list(steps), tasks=tasks, workers=workers, logging_dir=f"{out}/log{next(log)}"
        ).run()

    write = partial(JsonlWriter, compression=None)
    run(
        JsonlReader(str(given)),
        language,
        write(f"{out}/lid", output_filename="${language}/${rank}.jsonl"),
    )
    ways = {
        "en": (Languages.english, {"max_non_alpha_words_ratio": ALPHA}),
        "zh": (Languages.mandarin_chinese, _zh_gopher()),
    }
    config = MinhashConfig(n_grams=5)
    for lang, (name, gopher) in ways.items():
        base = f"{out}/{lang}"
        run(
            JsonlReader(f"{out}/lid/{lang}"),
            GopherQualityFilter(language=name, **gopher),
            write(f"{base}/in"),
        )
        run(JsonlReader(f"{base}/in"), MinhashDedupSignature(f"{base}/sig", config=config, language=name))
        run(MinhashDedupBuckets(f"{base}/sig", f"{base}/buckets", config=config), tasks=config.num_buckets)
        run(MinhashDedupCluster(f"{base}/buckets", f"{base}/remove", config=config), tasks=1)
        run(
            JsonlReader(f"{base}/in"),
            MinhashDedupFilter(f"{base}/remove"),
            PIIFormatter(),
            write(f"{base}/out"),
        )
    rows = (
        json.loads(line)
        for lang in ways
        for p in sorted(Path(f"{out}/{lang}/out").rglob("*.jsonl"))
        for line in p.open()
    )
    _write(out, ((row["id"], row["text"]) for row in rows))


def _zh_gopher() -> dict:
    """Return Gopher's limits for Chinese: words of one or two characters, and marks counted among the words."""
    return {"min_avg_word_length": 1, "max_non_alpha_words_ratio": ALPHA, "stop_words": ZH_WORDS}


def naive(given: Path, out: Path, workers: int, model: str) -> None:
    """Run what an engineer writes in an afternoon: `datasets.map` with fastText and Presidio, datasketch in a loop."""
    import datasets
    from datasketch import MinHash, MinHashLSH

    data = datasets.load_dataset(
        "json", data_files=str(given / "*.jsonl"), split="train", cache_dir=str(out / "cache")
    )
    data = data.map(partial(_language, model=model), num_proc=workers)
    data = data.filter(lambda row: row["lang"] in ("en", "zh") and row["words"] >= 50, num_proc=workers)
    index, keep = MinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS), []
    for n, row in enumerate(data):
        signature = MinHash(num_perm=PERMUTATIONS)
        signature.update_batch(_shingles(row["text"], row["lang"]))
        if not index.query(signature):
            index.insert(n, signature)
            keep.append(n)
    data = data.select(keep).map(_anonymise, num_proc=workers)
    _write(out, zip(data["id"], data["text"], strict=True))


def data_juicer(given: Path, out: Path, workers: int, model: str) -> None:
    """Run Data-Juicer's equivalent operators: language, form, mail and IP addresses, MinHash over characters."""
    models = out / "models"
    models.mkdir()
    (models / "lid.176.bin").write_bytes(Path(model).read_bytes())
    operators = [
        {"language_id_score_filter": {"lang": ["en", "zh"], "min_score": 0.65}},
        {"alphanumeric_filter": {"tokenization": False, "min_ratio": ALPHA}},
        {"character_repetition_filter": {"rep_len": 10, "max_ratio": 0.3}},
        {"text_length_filter": {"min_len": 100, "max_len": 10**7}},
        {"clean_email_mapper": {}},
        {"clean_ip_mapper": {}},
        {"document_minhash_deduplicator": JUICER_MINHASH},
    ]
    settings = {"project_name": "peers", "dataset_path": str(given), "export_path": str(out / "kept.jsonl")}
    config = out / "config.yaml"
    config.write_text(json.dumps(settings | {"np": workers, "process": operators}), encoding="utf-8")
    command = [str(Path(sys.executable).with_name("dj-process")), "--config", str(config)]
    env = os.environ | {"DATA_JUICER_MODELS_CACHE": str(models), "DATA_JUICER_CACHE_HOME": str(out / "cache")}
    env["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    subprocess.run(command, env=env, check=True)


_LOADED: dict[str, object] = {}


def _language(row: dict, model: str) -> dict:
    import fasttext

    if "lid" not in _LOADED:
        _LOADED["lid"] = fasttext.load_model(model)
    label = _LOADED["lid"].f.predict(row["text"].replace("\n", " "), 1, 0.0, "strict")[0][1]
    lang = label.removeprefix("__label__")
    return {"lang": lang, "words": len(row["text"]) if lang == "zh" else len(row["text"].split())}


def _shingles(text: str, lang: str) -> list[bytes]:
    units = list(text) if lang == "zh" else text.lower().split()
    return [" ".join(units[i : i + 5]).encode() for i in range(max(1, len(units) - 4))]


def _anonymise(row: dict) -> dict:
    """Replace what Presidio's recognizers find, with a blank spaCy pipeline, since no model can be loaded offline."""
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import SpacyNlpEngine

    if "presidio" not in _LOADED:
        import spacy

        engine = SpacyNlpEngine(models=[{"lang_code": lang, "model_name": lang} for lang in ("en", "zh")])
        engine.nlp = {lang: spacy.blank(lang) for lang in ("en", "zh")}
        _LOADED["presidio"] = AnalyzerEngine(nlp_engine=engine, supported_languages=["en", "zh"])
    text = row["text"]
    found = _LOADED["presidio"].analyze(text, language=row["lang"], entities=None, score_threshold=0.4)
    for span in sorted(found, key=lambda s: -s.start):
        if span.entity_type not in ("DATE_TIME", "URL"):
            text = text[: span.start] + f"<{span.entity_type}>" + text[span.end :]
    return {"text": text}


def _write(out: Path, rows: Iterable[tuple[str, str]]) -> None:
    with (out / "kept.jsonl").open("w", encoding="utf-8") as sink:
        for key, text in rows:
            sink.write(json.dumps({"id": key, "text": text}, ensure_ascii=False) + "\n")


TOOLS: dict[str, Callable[[Path, Path, int, str], None]] = {
    "hallmark": hallmark,
    "datatrove": datatrove,
    "data-juicer": data_juicer,
    "naive": naive,
}

if __name__ == "__main__":
    folder = Path(sys.argv[3])
    folder.mkdir(parents=True, exist_ok=True)
    TOOLS[sys.argv[1]](Path(sys.argv[2]), folder, int(sys.argv[4]), sys.argv[5])
