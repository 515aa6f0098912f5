"""The viewer that staff use: one opened record, drawn as the answers come."""
