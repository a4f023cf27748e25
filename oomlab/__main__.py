"""``python -m oomlab``, and what the script ``oomlab`` starts.

Nothing is imported before an interrupt can be caught: Ctrl-C ends the command without a traceback
from its first moment on.
"""

import sys


def main() -> int:
    """Run the command and return its exit status."""
    try:
        from oomlab.cli import main

        return main()
    except KeyboardInterrupt:
        return 128 + 2


if __name__ == "__main__":
    sys.exit(main())
