"""What can go wrong with an embedded server."""


class EmbeddedServerError(Exception):
    """An embedded server could not be made, started or stopped; the text says why."""
