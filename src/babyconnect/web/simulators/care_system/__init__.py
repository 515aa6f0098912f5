"""A small care system for the demo and for tests: a list of clients, and a SMART server that opens the viewer."""
