"""Removal to the end: find, record, keep out, prove, purge."""
