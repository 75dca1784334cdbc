"""The quarantine: a restricted store of what waits for a person, with a register; encrypted where `decide` says so.

quarantine/<source>/<part>.parquet holds one entry per held document of a part, quarantine/register.jsonl one line
per document that was ever held. No stage depends on either: `decide` writes them, the review desk and
`hallmark purge` read them.
"""
