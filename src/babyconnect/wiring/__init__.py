"""Builds everything from configuration; the only reader of it.  `node` and `region` each build one process."""
