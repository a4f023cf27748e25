"""What there is to say about a report, one sentence at a time: the same words for text, pages and pictures.

Every sentence is safe to show (see :mod:`oomlab.render.safe`) and comes without layout.
"""
