"""What every run of pytest needs, also one of notebooks alone: nothing that a test answers is kept."""

import os

from oomlab.progress_file import SETTING

os.environ[SETTING] = ""  # for this process, and for the kernels that it starts
