"""Real reports: the causes that experts and the recordings' own notes give."""

from pathlib import Path

import pytest

from oomlab.diagnosis import diagnose
from oomlab.parsing import parse
from tests.support import corpus

CAPTURES = Path(__file__).parents[2] / "data" / "captures"

RECORDED = {
    "oom-64-cpuset-node": ("cpuset_or_mempolicy", None),
    "oom-64-docker-v1": ("memcg_limit", "anon"),
    "oom-64-node-scores": ("global_anon", "no_swap"),
    "oom-64-pod-limit": ("memcg_limit", "anon"),
    "oom-64-service-group": ("memcg_limit", "oom_group"),
    "oom-64-swap-full": ("global_anon", "swap_full"),
    "oom-64-tmpfs": ("shmem", "no_swap"),
    "oom-64-zram": ("shmem", "swap_full"),
    "oom-dma-floppy": ("not_oom", "dma_exhaustion"),
    "oom-global-anon-highmem": ("global_anon", "no_swap"),
    "oom-global-anon-noswap": ("global_anon", "no_swap"),
    "oom-global-swap-exhausted": ("global_anon", "swap_full"),
    "oom-lowmem-order0-failure-ringbuffer": ("not_oom", "lowmem_exhaustion"),
    "oom-lowmem-ringbuffer": ("lowmem_exhaustion", None),
    "oom-lowmem-tmpfs-inodes": ("lowmem_exhaustion", "slab"),
    "oom-memcg": ("memcg_limit", "anon"),
    "oom-order8-saved-cmdlines": ("not_oom", "lowmem_exhaustion"),
    "oom-rsync-fix-off-1024M-swap": ("lowmem_exhaustion", "slab"),
    "oom-rsync-fix-off-1536M": ("lowmem_exhaustion", "slab"),
    "oom-rsync-fix-off-16384M": ("lowmem_exhaustion", "slab"),
    "oom-rsync-fix-off-k510-1024M": ("lowmem_exhaustion", "slab"),
}
"""What was done to each recorded kernel, from its own note, as cause and detail."""


def recorded(name):
    return parse((CAPTURES / f"{name}.log").read_text(errors="replace"))


def test_every_recording_is_judged():
    assert {path.stem for path in CAPTURES.glob("oom-*.log")} == set(RECORDED)


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_kernel_is_judged_by_what_was_done_to_it(name):
    cause, detail = RECORDED[name]
    for report in recorded(name):
        diagnosis = diagnose(report)
        assert diagnosis.cause == cause
        assert detail is None or detail in diagnosis.contributing


def test_the_experts_agree_on_the_cause(keyed):
    wrong = corpus.score(keyed)["cause"]
    assert len(wrong) <= (0 if keyed == corpus.DATA else 1), wrong
