"""`python -m pipelines.train prepare|train|calibrate|evaluate`: the stages of this folder's dvc.yaml."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import typer
from ruamel.yaml import YAML

from pipelines.train import cards, fit, logistic, measure, prepare
from stages.screen import classify, linear

HERE = Path(__file__).parent
DATA, FITTED, THRESHOLDS = HERE / "data", HERE / "fitted", HERE / "thresholds.json"
SHIPPED = HERE.parent.parent / "stages" / "screen" / "models"
app = typer.Typer(add_completion=False, help=__doc__)


@app.command("prepare")
def run_prepare() -> None:
    """Write the prepared examples of every model to data/."""
    params = _params()
    folder = os.environ.get("HALLMARK_LABELS") or params["labels_dir"]
    DATA.mkdir(exist_ok=True)
    for name in params["models"]:
        examples = prepare.examples(name, Path(folder) if folder else None)
        lines = pl.Series("line", prepare.prepared(examples["text"]), dtype=pl.String)
        examples.with_columns(lines).drop("text").write_parquet(DATA / f"{name}.parquet")
        typer.echo(f"{name}: {len(examples)} examples")


@app.command("train")
def run_train() -> None:
    """Train and quantise every model into fitted/."""
    params = _params()
    FITTED.mkdir(exist_ok=True)
    for name, settings in params["models"].items():
        examples, target = pl.read_parquet(DATA / f"{name}.parquet"), _fitted(name, settings)
        if settings.get("kind") == "linear":
            logistic.fit(examples, settings, target)
        else:
            fit.fit(examples, settings, params["seed"], target)
        typer.echo(f"{name}: {target.stat().st_size / 1e6:.2f} MB")


@app.command("calibrate")
def run_calibrate() -> None:
    """Choose each code's threshold for the stated false-positive rate on held-back benign text."""
    params, result = _params(), {}
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
def run_evaluate() -> None:
    """Measure on the test split; put models and cards where the screen stage finds them."""
    params, thresholds = _params(), json.loads(THRESHOLDS.read_text(encoding="utf-8"))
    for name, settings in params["models"].items():
        examples, scores = _scored(name, settings)
        model = _fitted(name, settings)
        card = cards.card(name, settings, model, examples, scores, thresholds[name])
        shutil.copyfile(model, SHIPPED / model.name)
        text = json.dumps(card, indent=1, ensure_ascii=False, sort_keys=True)
        (SHIPPED / f"{name}.json").write_text(text + "\n", encoding="utf-8")
        for code, m in card["evidence"]["test"].items():
            typer.echo(
                f"{name} {code}: n {m['positives']} recall {m['recall']} precision {m['precision']} f1 {m['f1']}"
            )


def _params() -> dict[str, Any]:
    return YAML(typ="safe", pure=True).load((HERE / "params.yaml").read_text(encoding="utf-8"))


def _fitted(name: str, settings: dict[str, Any]) -> Path:
    return FITTED / f"{name}{linear.SUFFIX if settings.get('kind') == 'linear' else '.ftz'}"


def _scored(name: str, settings: dict[str, Any]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return a model's examples and its scores, one column per code."""
    examples, model = pl.read_parquet(DATA / f"{name}.parquet"), _fitted(name, settings)
    codes = logistic.codes_of(examples)
    card = classify.Card(name, 1, "", settings["script"], (), codes, classify.PREPARE_VERSION, 0.5, {})
    scores = classify.Classifier(model, card).score(examples["line"].to_list())
    return examples, pl.DataFrame(scores.round(4), schema=list(codes))


if __name__ == "__main__":
    app()
