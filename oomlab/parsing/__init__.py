"""Log text of any kernel from any logger in, :class:`~oomlab.report.Report` objects out.

A log passes through these steps, each a module; :func:`oomlab.parsing.reader._read` calls them in
this order. Those from prefix to classify take and return :class:`~oomlab.parsing.lines.LogLines`:

========================================= ==============================================================
:mod:`~oomlab.parsing.stream`             make a stream of bytes one of short lines in UTF-8
:mod:`~oomlab.parsing.scan`               scan a long log for the windows that are worth reading
:mod:`~oomlab.parsing.decode`             decode bytes, clean lines; unwrap JSON, HTML, Markdown and mail
                                          (:mod:`~oomlab.parsing.containers`), CSV and YAML
                                          (:mod:`~oomlab.parsing.exports`)
:mod:`~oomlab.parsing.prefix`             infer the prefixes that loggers write, and strip them
:mod:`~oomlab.parsing.joined`             split lines that were joined
:mod:`~oomlab.parsing.classify`           find the kind of each line
:mod:`~oomlab.parsing.continuation`       join lines that were wrapped
:mod:`~oomlab.parsing.segment`            sort lines into reports, by the order in which a kernel prints
                                          them (:mod:`~oomlab.parsing.grammar`)
:mod:`~oomlab.parsing.duplicates`         merge reports that are one, drop copies and quotations
:mod:`~oomlab.parsing.assemble`           read each report, section by section
                                          (:mod:`~oomlab.parsing.sections`)
:mod:`~oomlab.parsing.reconstruct`        work out the line of a zone that is lost
:mod:`~oomlab.parsing.checks`             list what else is missing
:mod:`~oomlab.parsing.notices`            find what other programs wrote of kills, beside all that
========================================= ==============================================================
"""

from oomlab.parsing.notices import NoticeSearch, find_notices
from oomlab.parsing.reader import iter_reports, log_lines, parse, parse_bytes, read_pieces

__all__ = ["NoticeSearch", "find_notices", "iter_reports", "log_lines", "parse", "parse_bytes", "read_pieces"]
