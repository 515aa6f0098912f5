"""What every process of a demo would load by itself: loaded once, by the one that they all start from."""

import gc

import babyconnect.cli.node
import babyconnect.cli.publish
import babyconnect.cli.region
import babyconnect.store.sqlite
import babyconnect.wiring.node  # noqa: F401

# What is never touched again stays in memory once for all of them.
gc.collect()
gc.freeze()
