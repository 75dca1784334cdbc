"""`python -m pipelines.train prepare|train|calibrate|evaluate`: the stages of this folder's dvc.yaml."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Annotated, Any

import polars as pl
import typer
from ruamel.yaml import YAML

from pipelines.train import cards, fit, logistic, measure, prepare, semantic
from stages.screen import classify, embedding, linear, vectors

HERE = Path(__file__).parent
DATA, FITTED, THRESHOLDS = HERE / "data", HERE / "fitted", HERE / "thresholds.json"
SHIPPED = HERE.parent.parent / "stages" / "screen" / "models"
_SUFFIX = {"linear": linear.SUFFIX, "semantic": vectors.SUFFIX}
Only = Annotated[list[str] | None, typer.Option("--model", help="This model only; may be repeated.")]
app = typer.Typer(add_completion=False, help=__doc__)


@app.command("prepare")
def run_prepare(model: Only = None) -> None:
    """Write the prepared examples of every model to data/."""
    params = _params(model)
    folder = os.environ.get("HALLMARK_LABELS") or params["labels_dir"]
    DATA.mkdir(exist_ok=True)
    for name in params["models"]:
        examples = prepare.examples(name, Path(folder) if folder else None)
        lines = pl.Series("line", prepare.prepared(examples["text"]), dtype=pl.String)
        examples.with_columns(lines).drop("text").write_parquet(DATA / f"{name}.parquet")
        typer.echo(f"{name}: {len(examples)} examples")


@app.command("train")
def run_train(model: Only = None) -> None:
    """Train and quantise every model into fitted/."""
    params = _params(model)
    FITTED.mkdir(exist_ok=True)
    for name, settings in params["models"].items():
        examples, target = pl.read_parquet(DATA / f"{name}.parquet"), _fitted(name, settings)
        if settings.get("kind") == "linear":
            logistic.fit(examples, settings, target)
        elif settings.get("kind") == "semantic":
            semantic.fit(examples, settings, target)
        else:
            fit.fit(examples, settings, params["seed"], target)
        typer.echo(f"{name}: {target.stat().st_size / 1e6:.2f} MB")


@app.command("calibrate")
def run_calibrate(model: Only = None) -> None:
    """Choose each code's threshold for the stated false-positive rate on held-back benign text."""
    params = _params(model)
    result = json.loads(THRESHOLDS.read_text(encoding="utf-8")) if model and THRESHOLDS.exists() else {}
    for name, settings in params["models"].items():
        examples, scores = _scored(name, settings)
        result[name] = {
            code: measure.threshold_for(
                cards.benign_scores(examples, scores[code].to_numpy(), code), settings["false_positive_rate"]
            )
            for code in scores.columns
        }
    THRESHOLDS.write_text(json.dumps(result, indent=1, sort_keys=True) + "\n", encoding="utf-8")


@app.command("evaluate")
def run_evaluate(model: Only = None) -> None:
    """Measure on the test split; put models and cards where the screen stage finds them."""
    params, thresholds = _params(model), json.loads(THRESHOLDS.read_text(encoding="utf-8"))
    for name, settings in params["models"].items():
        examples, scores = _scored(name, settings)
        fitted = _fitted(name, settings)
        card = cards.card(name, settings, fitted, examples, scores, thresholds[name])
        shutil.copyfile(fitted, SHIPPED / fitted.name)
        text = json.dumps(card, indent=1, ensure_ascii=False, sort_keys=True)
        (SHIPPED / f"{name}.json").write_text(text + "\n", encoding="utf-8")
        for code, m in card["evidence"]["test"].items():
            typer.echo(
                f"{name} {code}: n {m['positives']} recall {m['recall']} precision {m['precision']} f1 {m['f1']}"
            )


@app.command("head")
def run_head(
    folder: Annotated[
        Path, typer.Option(help="Folder with model.onnx and tokenizer.json; head.json is written.")
    ],
    model: Annotated[str, typer.Option(help="Whose examples and codes: semantic-zh or semantic-en.")],
    name: Annotated[str, typer.Option(help="Name of the detector.")] = "embedding",
    version: Annotated[int, typer.Option(help="Raised with every change.")] = 1,
    pooling: Annotated[str, typer.Option(help="mean or cls, for a model with a vector per token.")] = "mean",
    max_tokens: Annotated[int, typer.Option(help="Longer windows are cut.")] = 256,
) -> None:
    """Fit a head per code over an embedding model of your own, for screen.embedding."""
    settings = _params([model])["models"][model]
    labels = os.environ.get("HALLMARK_LABELS") or _params(None)["labels_dir"]
    examples = prepare.examples(model, Path(labels) if labels else None)
    documents = embedding.Encoder(folder, max_tokens, pooling).documents(examples["text"].to_list())
    codes = logistic.codes_of(examples)
    weights, bias = semantic.fit_heads(documents, examples, codes, settings)
    fields = {
        "name": name, "version": version, "languages": settings["languages"], "codes": codes, "pooling": pooling,
        "max_tokens": max_tokens, "thresholds": dict.fromkeys(codes, 0.5),
        "weights": [[float(f"{w:.6g}") for w in row] for row in weights.T], "bias": [float(f"{b:.6g}") for b in bias],
    }  # fmt: skip
    embedding.write_head(folder, fields)
    typer.echo(f"{folder / embedding.HEAD}: {len(codes)} codes from {len(examples)} examples")


def _params(only: list[str] | None) -> dict[str, Any]:
    params = YAML(typ="safe", pure=True).load((HERE / "params.yaml").read_text(encoding="utf-8"))
    if unknown := set(only or ()) - set(params["models"]):
        raise typer.BadParameter(f"{', '.join(sorted(unknown))}: choose from {', '.join(params['models'])}")
    models = {name: own for name, own in params["models"].items() if not only or name in only}
    return {**params, "models": models}


def _fitted(name: str, settings: dict[str, Any]) -> Path:
    return FITTED / f"{name}{_SUFFIX.get(settings.get('kind'), '.ftz')}"


def _scored(name: str, settings: dict[str, Any]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return a model's examples and its scores, one column per code."""
    examples, model = pl.read_parquet(DATA / f"{name}.parquet"), _fitted(name, settings)
    codes = logistic.codes_of(examples)
    card = classify.Card(name, 1, "", settings["script"], (), codes, classify.PREPARE_VERSION, 0.5, {})
    scores = classify.Classifier(model, card).score(examples["line"].to_list())
    return examples, pl.DataFrame(scores.round(4), schema=list(codes))


if __name__ == "__main__":
    app()
