"""Celery tasks of mails: each loads nothing, calls one service and may run twice."""

from typing import Any

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from accounts.mail import invitations, sending
from clients import outbox


@outbox.handles("mail.send")
def hand_over(*, email_id: int) -> None:
    """Give a mail to a task of its own, so that a slow mail server holds up no other work."""
    send_mail.delay(email_id)


@shared_task(name="accounts.send_mail")
def send_mail(email_id: int) -> None:
    """Send one mail, unless somebody else has taken it."""
    sending.send(email_id=email_id, at=timezone.now())


@outbox.handles("user.invite")
def hand_over_invitation(*, user_id: int) -> None:
    """Give an invitation to a task of its own, like a mail."""
    send_invitation.delay(user_id)


@shared_task(name="accounts.send_invitation", bind=True, max_retries=sending.MAX_ATTEMPTS - 1)
def send_invitation(self: Any, user_id: int) -> None:
    """Send the link to choose a password, unless somebody else has taken it."""
    is_last_try = self.request.retries >= self.max_retries
    try:
        invitations.send(user_id=user_id, is_last_try=is_last_try)
    except invitations.TryLater as error:
        raise self.retry(exc=error, countdown=settings.MAIL_RETRY_SECONDS) from None


@shared_task(name="accounts.send_due_mails")
def send_due_mails() -> int:
    """Take up mails that wait for another attempt, and settle those whose worker has vanished."""
    at = timezone.now()
    sending.mark_unconfirmed(at=at)
    due = sending.due_ids(at=at)
    for email_id in due:
        send_mail.delay(email_id)
    return len(due)
