"""Others, played for the demonstration and the tests; no page of the product imports them."""
