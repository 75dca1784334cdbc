"""Floor 1: what a release consists of and how a stranger checks it. Knows no stage."""
