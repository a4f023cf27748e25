"""Why this one: the oom score of every process in a report, by the rule of its kernel.

The kernel kills the process with the highest score. A report prints the table from
which it chose, so the choice can be made again, and compared with what it did.
"""

from oomlab.badness.choice import Explanation, explains, rank, total_pages
from oomlab.badness.formulas import OOM_DISABLE, UNKILLABLE, Rule, Scored, rule_of, score

__all__ = [
    "OOM_DISABLE",
    "UNKILLABLE",
    "Explanation",
    "Rule",
    "Scored",
    "explains",
    "rank",
    "rule_of",
    "score",
    "total_pages",
]
