"""Ask all sources at once: tokens, searches, strict checks, deadlines; every outcome a value (design §4)."""
