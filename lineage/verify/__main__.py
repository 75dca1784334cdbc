"""`python -m lineage.verify RELEASE`."""

import sys

from lineage.verify.cli import main

sys.exit(main(sys.argv[1:]))
