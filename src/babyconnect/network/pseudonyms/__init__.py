"""BSN to a pseudonym that only the region it is meant for can join on, without anybody else learning the BSN."""
