"""``python -m customtags`` is the command ``customtags``."""

import sys

from customtags.cli import main

if __name__ == "__main__":
    sys.exit(main())
