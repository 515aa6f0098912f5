"""Babyconnect: the open system for Dutch birth care."""

__version__ = "0.1.0"
