"""Addressing: which organisations there are, where they answer, which keys speak for them (mCSD, R4)."""
