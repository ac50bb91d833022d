"""`python -m benchmarks.media` is `python -m benchmarks media`."""

from __future__ import annotations

import sys

from benchmarks.__main__ import main

if __name__ == "__main__":
    main(["media", *sys.argv[1:]])
