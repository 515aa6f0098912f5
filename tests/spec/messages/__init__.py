"""Messages: what Perined gets of a record, and what it never gets."""
