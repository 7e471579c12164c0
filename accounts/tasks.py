"""Celery tasks of mails: each loads nothing, calls one service and may run twice."""

from celery import shared_task
from django.utils import timezone

from accounts.mail import sending
from clients import outbox


@outbox.handles("mail.send")
def hand_over(*, email_id: int) -> None:
    """Give a mail to a task of its own, so that a slow mail server holds up no other work."""
    send_mail.delay(email_id)


@shared_task(name="accounts.send_mail")
def send_mail(email_id: int) -> None:
    """Send one mail, unless somebody else has taken it."""
    sending.send(email_id=email_id, at=timezone.now())


@shared_task(name="accounts.send_due_mails")
def send_due_mails() -> int:
    """Take up mails that wait for another attempt, and settle those whose worker has vanished."""
    at = timezone.now()
    sending.mark_unconfirmed(at=at)
    due = sending.due_ids(at=at)
    for email_id in due:
        send_mail.delay(email_id)
    return len(due)
