"""The professional's pages about treatment relationships, and about under whose responsibility somebody acts."""
