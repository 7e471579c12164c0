"""Errors of the domain, told to a person at the field they concern."""

from django.utils.functional import Promise


class DomainError(Exception):
    """A refusal by a service.

    ``message`` is one translated sentence; ``field`` names the form field it belongs to, or is
    None when it concerns the whole request.
    """

    def __init__(self, message: str | Promise, *, field: str | None = None) -> None:
        super().__init__(str(message))
        self.message = message
        self.field = field


class Conflict(DomainError):
    """Somebody else saved the object since it was read."""
