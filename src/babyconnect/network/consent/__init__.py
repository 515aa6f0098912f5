"""The consent register: what a client allows, at once in force, at once withdrawn, its history kept."""
