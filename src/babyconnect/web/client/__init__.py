"""The client's own site, `/client` of a node: her log-in, whom she acts for, and the pages others hang on it."""
