"""Try thousands of machines in the failure lab, at all widths, and list what goes wrong.

python -m benchmarks.lab_hand            # 5,000 machines, some minutes; needs chromium
python -m benchmarks.lab_hand 300 7      # so many, from another seed
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from oomlab.explore.lab_page import lab_page
from tests.support.browser import find_chromium, launch
from tests.support.lab_hand import trials


def main() -> int:
    """Try the machines; the exit status says whether all went well."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    chromium = find_chromium()
    if chromium is None:
        raise SystemExit("no chromium on the PATH")
    bad, begun = 0, time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = Path(folder, "lab.html")
        path.write_text(lab_page(), encoding="utf-8")
        browser = launch(playwright, chromium)
        page = browser.new_page()
        page.goto(path.as_uri())
        page.wait_for_selector(".oom-lab")
        for what, faults in trials(page, path.as_uri(), count, seed):
            bad += bool(faults)
            for fault in faults:
                print(f"{what}: {fault}", flush=True)
        browser.close()
    seconds = time.perf_counter() - begun
    print(f"{count:,} machines in {seconds:.0f} s: {bad} with a fault.")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
