"""``python -m oomlab``, and what the script ``oomlab`` starts.

Nothing is imported before an interrupt can be caught: Ctrl-C ends the command without a traceback
from its first moment on.
"""

import sys


def main() -> int:
    """Run the command and return its exit status."""
    if sys.version_info < (3, 11):  # noqa: UP036 - asked before anything that an older one cannot read
        found = ".".join(map(str, sys.version_info[:2]))
        sys.stderr.write(f"oomlab: needs Python 3.11 or later, and this is {found}\n")
        return 2
    try:
        from oomlab.cli import main

        return main()
    except KeyboardInterrupt:
        return 128 + 2


if __name__ == "__main__":
    sys.exit(main())
