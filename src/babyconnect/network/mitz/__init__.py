"""The Mitz: the closed question whether she allows this, its answer, and being told when she changes her choice."""
