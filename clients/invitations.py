"""The mail with which a new user chooses a password."""

from urllib.parse import urljoin

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import gettext as _

from clients.models import User


def link(user: User) -> str:
    """Where ``user`` chooses a password; it ends with the first choice or with time."""
    where: str = reverse(
        "invitation",
        kwargs={
            "uidb64": urlsafe_base64_encode(force_bytes(user.pk)),
            "token": default_token_generator.make_token(user),
        },
    )
    return str(urljoin(settings.PUBLIC_URL, where))


def message_for(user: User) -> EmailMultiAlternatives:
    """The mail with a user's link."""
    days = settings.PASSWORD_RESET_TIMEOUT // 86400
    text = render_to_string("mail/invitation.txt", {"link": link(user), "user": user, "days": days})
    return EmailMultiAlternatives(_("Your login to the trunk portal"), text, to=[user.email])
