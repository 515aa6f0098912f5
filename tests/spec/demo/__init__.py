"""The main job, with a process per node and sockets between them."""
