"""The ways in: OpenID Connect, Dezi and a launch from a care system, each ending in a session."""
