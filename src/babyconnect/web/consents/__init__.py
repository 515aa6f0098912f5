"""Pages on which she says what may be seen of her: with a professional (`staff`), or by herself (`client`)."""
