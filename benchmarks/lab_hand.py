"""Try thousands of machines in the failure lab, at all widths, list what goes wrong, and watch its memory.

Memory is looked at over 2,000 moves of the sliders.

python -m benchmarks.lab_hand            # 5,000 machines, about half an hour; needs chromium
python -m benchmarks.lab_hand 300 7      # so many, from another seed
python -m benchmarks.lab_hand 0          # memory alone
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from oomlab.explore.lab_page import lab_page
from tests.support.browser import find_chromium, launch
from tests.support.lab_hand import trials

MOVES = 2000
GROWTH = 1.1
"""So much larger may heap and nodes be after the last move than after a quarter of them."""

# Drags RAM, swap and the file to and fro, each move painted before the next.
MOVE = """async (moves) => {
  const sliders = [...document.querySelectorAll('.oom-lab .basics input[type="range"]')];
  for (let n = 0; n < moves; n += 1) {
    const slider = sliders[n % sliders.length];
    slider.value = (n * 7) % Number(slider.max);
    slider.dispatchEvent(new Event('input', { bubbles: true }));
    await new Promise((done) => requestAnimationFrame(done));
  }
}"""


def memory_is_flat(page: Page) -> bool:
    """Whether heap and nodes stay as they are over 2,000 moves; prints them after each quarter."""
    inside = page.context.new_cdp_session(page)
    inside.send("Performance.enable")

    def used() -> tuple[float, float, float]:
        inside.send("HeapProfiler.collectGarbage")
        found = {each["name"]: each["value"] for each in inside.send("Performance.getMetrics")["metrics"]}
        return found["JSHeapUsedSize"] / 1e6, found["Nodes"], found["JSEventListeners"]

    seen = [used()]
    for _ in range(4):
        page.evaluate(MOVE, MOVES // 4)
        seen.append(used())
    for n, (heap, nodes, listeners) in enumerate(seen):
        moves = f"after {n * MOVES // 4:5,} moves"
        print(f"{moves}: heap {heap:.2f} MB, {nodes:.0f} nodes, {listeners:.0f} listeners", flush=True)
    return all(last <= GROWTH * first for first, last in zip(seen[1], seen[-1], strict=True))


def main() -> int:
    """Try the machines, then the memory; the exit status says whether all went well."""
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
        for n, (what, faults) in enumerate(trials(page, path.as_uri(), count, seed), 1):
            bad += bool(faults)
            for fault in faults:
                print(f"{what}: {fault}", flush=True)
            if n % 500 == 0 or n == count:
                seconds = time.perf_counter() - begun
                print(f"{n:,} machines in {seconds:.0f} s: {bad} with a fault.", flush=True)
        page.set_viewport_size({"width": 1280, "height": 900})
        page.goto("about:blank")
        page.goto(path.as_uri())
        page.wait_for_selector(".oom-lab")
        is_flat = memory_is_flat(page)
        browser.close()
    return 0 if is_flat and not bad else 1


if __name__ == "__main__":
    sys.exit(main())
