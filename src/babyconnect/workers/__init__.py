"""One node in several processes: a keeper and, beside it, workers that answer for it.

The keeper has everything that there may be only one of: the log, the tokens and whom they are bound to, what was used
once, how much each asker may, the region's pointers, the pages for people.  Workers accept the connections.  A worker
answers by itself what it is certain of (a record asked for with a token that it knows); everything else it hands on
whole.  What it answers is decided by the same door and logged by the keeper before a byte leaves.  And it does what the
keeper gives it: consulting all sources for a screen, merging and drawing.

    supervising   the parent of them all: starts, starts again, ends
    page          one number that all see at once: it moves when what others remember may no longer hold
    channel       messages between a worker and the keeper
    line, counter a worker's questions and events; where the keeper answers them
    bearers       who comes with a token, at a worker
    handing_on    a request handed on whole, both ends
    giving        work that the keeper gives, both ends
"""
