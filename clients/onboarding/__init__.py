"""Adding resellers and clients: what is written in several rooms at once, in one transaction."""
