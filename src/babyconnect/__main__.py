"""`python -m babyconnect`: the same as the command `babyconnect`."""

import sys

from babyconnect.cli.main import main

sys.exit(main())
