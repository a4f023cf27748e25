"""Log text of any kernel from any logger in, :class:`~oomlab.report.Report` objects out.

A log passes through these steps, each a module; :mod:`~oomlab.parsing.reader` runs them in this order.
Those from prefix to continuation take and return :class:`~oomlab.parsing.lines.LogLines`. What a step
asks for help stands in brackets:

========================================= ==============================================================
:mod:`~oomlab.parsing.stream`             make a stream of bytes one of short lines in UTF-8, whatever
                                          its character sets (:mod:`~oomlab.parsing.charset`)
:mod:`~oomlab.parsing.scan`               scan a long log for the windows that are worth reading
:mod:`~oomlab.parsing.pstore`             put the parts of a dump into the order of time
:mod:`~oomlab.parsing.direction`          find out whether the newest line is first, to turn the log round
:mod:`~oomlab.parsing.decode`             decode bytes, clean lines, take out colours
                                          (:mod:`~oomlab.parsing.colours`); unwrap JSON, HTML, Markdown
                                          and mail (:mod:`~oomlab.parsing.containers`), CSV and YAML
                                          (:mod:`~oomlab.parsing.exports`), and read what an entry notes
                                          beside its message (:mod:`~oomlab.parsing.entries`); join what a
                                          backslash breaks (:mod:`~oomlab.parsing.backslashes`), or
                                          several packets bring (:mod:`~oomlab.parsing.netconsole`)
:mod:`~oomlab.parsing.prefix`             infer the prefixes that loggers write, and strip them;
                                          tell the hosts of a log apart
                                          (:mod:`~oomlab.parsing.hosts`), and what other programs wrote
                                          (:mod:`~oomlab.parsing.origin`)
:mod:`~oomlab.parsing.joined`             split lines that were joined
:mod:`~oomlab.parsing.classify`           find the kind of each line
:mod:`~oomlab.parsing.continuation`       join lines that were wrapped, or printed in pieces
                                          (:mod:`~oomlab.parsing.fragments`); what was cut inside the
                                          words that show its kind (:mod:`~oomlab.parsing.cut_words`),
                                          and what makes sense as the rest of a line
                                          (:mod:`~oomlab.parsing.wrapped`)
:mod:`~oomlab.parsing.segment`            sort lines into reports, by the order in which a kernel prints
                                          them (:mod:`~oomlab.parsing.grammar`); split what is two
                                          (:mod:`~oomlab.parsing.split`); merge what is one, drop
                                          copies (:mod:`~oomlab.parsing.duplicates`);
                                          find the kernel of each (:mod:`~oomlab.parsing.release`)
:mod:`~oomlab.parsing.assemble`           read each report, section by section
                                          (:mod:`~oomlab.parsing.sections`); work out the line of a zone
                                          that is lost (:mod:`~oomlab.parsing.reconstruct`); list what
                                          else is missing (:mod:`~oomlab.parsing.checks`); find the time
                                          of each (:mod:`~oomlab.parsing.stamps`)
========================================= ==============================================================

:mod:`~oomlab.parsing.lines` and :mod:`~oomlab.parsing.kills` are what the steps share. What other programs
wrote of kills is a search of its own, :mod:`~oomlab.parsing.notices`.
"""

from oomlab.parsing.notices import NoticeSearch, find_notices
from oomlab.parsing.reader import iter_reports, log_lines, parse, parse_bytes, read_pieces

__all__ = ["NoticeSearch", "find_notices", "iter_reports", "log_lines", "parse", "parse_bytes", "read_pieces"]
