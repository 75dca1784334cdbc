"""Floor 2: one package per DVC stage; pure functions, table in, table out."""
