"""The published JSON Schema of sources.yaml is the model that reads it."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from ruamel.yaml import YAML

from stages.ingest.source import schema_text

ROOT = Path(__file__).parents[3]


def entries() -> dict:
    value = YAML(typ="safe").load(ROOT / "sources.yaml")
    return json.loads(json.dumps(value, default=str))


def test_the_schema_in_docs_is_current():
    said = "write it anew: python -m stages.ingest.source > docs/sources.schema.json"
    assert (ROOT / "docs" / "sources.schema.json").read_text(encoding="utf-8") == schema_text(), said


def test_the_sample_passes_and_each_field_has_a_description():
    schema = json.loads(schema_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(entries(), schema)
    assert all("description" in field for field in schema["$defs"]["Source"]["properties"].values())


@pytest.mark.parametrize(
    "change", [{"class": "found"}, {"jurisdiction": "China"}, {"colour": "red"}, {"paths": []}]
)
def test_what_the_reader_refuses_the_schema_refuses(change):
    value = entries()
    value["sources"][0] |= change
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(value, json.loads(schema_text()))
