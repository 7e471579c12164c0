"""Sending an invitation at most once: its user is claimed before the mail server is spoken to.

One whose worker died in between stays in ``sending``: nothing but a person sends it again.
"""

from accounts.mail import delivery
from clients.invitations import message_for
from clients.models import InvitationState, User


class TryLater(Exception):
    """The mail server could not take an invitation now; it is queued still."""


def send(*, user_id: int, is_last_try: bool = False) -> None:
    """Send a queued invitation, unless the person has chosen a password meanwhile.

    Raises TryLater when another attempt makes sense and this is not the last.
    """
    if not User.objects.filter(
        pk=user_id, is_active=True, invitation=InvitationState.QUEUED
    ).update(invitation=InvitationState.SENDING):
        return
    user = User.objects.get(pk=user_id)
    if user.has_usable_password():
        _record(user, "")
        return
    try:
        delivery.deliver(message_for(user))
    except delivery.Refused as error:
        if error.permanent or is_last_try:
            _record(user, InvitationState.FAILED, error.why)
            return
        _record(user, InvitationState.QUEUED, error.why)
        raise TryLater(error.why) from None
    except delivery.Unconfirmed as error:
        _record(user, InvitationState.FAILED, str(error))
    else:
        _record(user, InvitationState.SENT)


def _record(user: User, state: str, error: str = "") -> None:
    """Keep what became of a claimed invitation, unless it was asked for again meanwhile."""
    User.objects.filter(pk=user.pk, invitation=InvitationState.SENDING).update(
        invitation=state, invitation_error=error
    )
