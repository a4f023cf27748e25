"""The site: static files that hold all of oomlab. ``make site`` builds it; ``docs/site.md`` describes it."""
