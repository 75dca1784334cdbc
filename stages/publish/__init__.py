"""From verdicts to a release: redacted shards, public lineage, facts, gates, manifests."""
