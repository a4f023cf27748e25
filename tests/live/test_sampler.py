"""The guest's sampler, run by this machine's awk on a /proc and a /sys of our own."""

from __future__ import annotations

import shutil
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest

from oomlab.simulation.sample import read_samples

pytestmark = pytest.mark.skipif(
    not shutil.which("awk"), reason="no awk on this machine: the guest brings its own"
)

PROC = {
    "uptime": "7.25 1.00\n",
    "meminfo": "MemFree:          1024 kB\n",
    "zoneinfo": "Node 0, zone   Normal\n  pages free     80\n        min      40\n",
    "vmstat": "pgscan_kswapd 3\noom_kill 9\n",
    "slabinfo": "radix_tree_node 10 28 304 13 1\nbuffer_head 100 146 56 73 1\ndentry 5 32 128 32 1\n",
}
SLUB = {
    "buffer_head/objects": "100\n",
    "buffer_head/total_objects": "146 N0=146\n",
    "buffer_head/slab_size": "56\n",
    "radix_tree_node/total_objects": "28\n",
    "dentry/total_objects": "32\n",
}


def sample(tmp_path: Path, slub: dict[str, str]) -> dict[str, float]:
    """Return what the sampler tells at its first beat."""
    for folder, contents in (("proc", PROC), ("sys/kernel/slab", slub)):
        for name, text in contents.items():
            path = tmp_path / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    script = (files("oomlab.lab") / "guest/sampler.awk").read_text()
    for root in ("/proc/", "/sys/"):
        script = script.replace(f'"{root}', f'"{tmp_path}{root}')
    done = subprocess.run(["awk", script], input="beat\n", capture_output=True, text=True, check=True)
    (found,) = read_samples(done.stdout)
    return found


def test_the_records_are_the_same_with_either_allocator(tmp_path):
    """SLUB has a folder for each cache; SLAB has none."""
    slub, slab = sample(tmp_path / "slub", SLUB), sample(tmp_path / "slab", {})
    assert (slub["bh"], slub["bh_total"], slub["bh_size"], slub["rtn"]) == (100, 146, 56, 28)
    assert slab | {"dentry": 0} == slub | {"dentry": 0}
    assert (slub["t"], slub["nfree"], slub["nmin"], slub["oom_kill"]) == (7.25, 80, 40, 9)


def test_a_cache_that_is_not_there_has_nothing_of_another_s(tmp_path):
    merged = {name: text for name, text in SLUB.items() if not name.startswith("radix")}
    assert sample(tmp_path, merged)["rtn"] == 0
