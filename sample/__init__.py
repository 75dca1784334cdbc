"""The bundled sample corpus: written material, planted truths, and the script that makes both into files."""
