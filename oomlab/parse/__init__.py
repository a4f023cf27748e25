"""Log text of any kernel and any dress in, :class:`~oomlab.report.Report` objects out.

The way of a line: :mod:`~oomlab.parse.clean` takes off what mailers and web pages did to
it, :mod:`~oomlab.parse.undress` what loggers put before it; :mod:`~oomlab.parse.kinds`
says what kind of line it is; :mod:`~oomlab.parse.mend` joins it with its other half;
:mod:`~oomlab.parse.split` finds the report it belongs to; :mod:`~oomlab.parse.assemble`
reads it. In a long log :mod:`~oomlab.parse.find` first finds the stretches to be read.
"""

from oomlab.parse.read import iter_reports, parse, parse_bytes, read_pieces

__all__ = ["iter_reports", "parse", "parse_bytes", "read_pieces"]
