"""What a run of Add Client remembers between its steps.

Each run is a session row of its own, not a part of the person's session: two tabs that are sent at
the same moment do not overwrite each other. Reading it writes nothing.
"""

from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.utils import timezone
from formtools.wizard.storage.base import BaseStorage

KEPT = timedelta(days=2)


class RunStorage(BaseStorage):  # type: ignore[misc]
    """Storage of django-formtools for one run; ``prefix`` is the run's key.

    ``is_begun`` says whether this person has stored something of the run. ``save`` and ``delete``
    write; run them outside a read-only transaction.
    """

    def __init__(self, prefix: UUID | str, request: HttpRequest, file_storage: Any = None) -> None:
        super().__init__(prefix, request, file_storage)
        mine = sha256(f"{prefix}:{request.user.pk}".encode()).hexdigest()
        self.key = f"run{mine[:37]}"  # a session's key has 40 characters
        row = Session.objects.filter(session_key=self.key, expire_date__gt=timezone.now()).first()
        kept = SessionStore().decode(row.session_data) if row else {}
        self.is_begun = "data" in kept
        self.init_data()
        if self.is_begun:
            self.data: dict[str, Any] = kept["data"]

    def save(self) -> None:
        """Keep what was typed."""
        kept = SessionStore().encode({"data": self.data})
        Session.objects.update_or_create(
            session_key=self.key,
            defaults={"session_data": kept, "expire_date": timezone.now() + KEPT},
        )

    def delete(self) -> None:
        """Forget the run."""
        Session.objects.filter(session_key=self.key).delete()
