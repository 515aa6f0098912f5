"""Checking against profiles: what Nictiz' birth-care profiles and zibs ask of a resource beyond STU3 itself."""
