"""One module per stage: connects the pure functions of `stages/<name>` with the files of a project."""
