"""Classifiers from labels to model cards: a DVC project of its own, outside `make repro`."""
