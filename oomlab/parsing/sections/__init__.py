"""Read the sections of a report, each from the lines of its kinds."""
