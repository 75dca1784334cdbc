"""Floor 3: settings, parts, executor, the command line; the only floor that knows DVC and processes."""
