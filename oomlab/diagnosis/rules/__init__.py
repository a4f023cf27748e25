"""The rules of the diagnosis, by what they look at; :data:`oomlab.diagnosis.ORDER` puts them in order.

A rule is a small pure function of a :class:`~oomlab.diagnosis.case.Case` under the name of what it
finds. It concludes a :class:`~oomlab.diagnosis.finding.Claim` or nothing.
"""
