"""`python -m imageskill.cli`."""

import sys

from imageskill.cli.entry import main

if __name__ == "__main__":
    sys.exit(main())
