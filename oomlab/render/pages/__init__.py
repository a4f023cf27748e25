"""Reports as HTML for a notebook: no scripts, nothing loaded, light or dark, text from a log escaped."""
