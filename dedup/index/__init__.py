"""A persistent index: documents added day by day, each told at once of what it is a copy. See docs/index.md."""
