"""Publishing: what a custodian's node takes in, what it adds, what it refuses."""
