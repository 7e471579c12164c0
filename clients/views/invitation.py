"""Where a new user chooses a password."""

from django.contrib.auth.views import PasswordResetConfirmView
from django.urls import reverse_lazy


class InvitationView(PasswordResetConfirmView):
    """The page behind the link of an invitation; it ends with the person logged in."""

    template_name = "registration/invitation.html"
    success_url = reverse_lazy("home")
    post_reset_login = True
