"""Ask all sources at once: deadlines, partial answers."""
