"""Measurements: every table in docs/ is printed by one of these commands, with machine and date."""
