"""`babyconnect demo`: a whole region on this machine, a process per node."""
