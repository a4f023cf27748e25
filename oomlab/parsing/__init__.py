"""Log text of any kernel and any dress in, :class:`~oomlab.report.Report` objects out.

The way of a line: :mod:`~oomlab.parsing.clean` takes off what mailers and web pages did to
it, :mod:`~oomlab.parsing.undress` what loggers put before it; :mod:`~oomlab.parsing.kinds`
says what kind of line it is; :mod:`~oomlab.parsing.mend` joins it with its other half;
:mod:`~oomlab.parsing.split` finds the report it belongs to; :mod:`~oomlab.parsing.assemble`
reads it. In a long log :mod:`~oomlab.parsing.find` first finds the stretches to be read.
"""

from oomlab.parsing.read import iter_reports, parse, parse_bytes, read_pieces

__all__ = ["iter_reports", "parse", "parse_bytes", "read_pieces"]
