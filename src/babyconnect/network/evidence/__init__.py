"""Evidence that one organisation gives another of a treatment relationship: announcement, referral, locum."""
