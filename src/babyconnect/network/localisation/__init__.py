"""Localisation: which organisations keep something about her, told only so far as she allows."""
