"""What the medication overview is held to: one sentence per test."""
