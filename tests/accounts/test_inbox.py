"""The demo's inbox reads what the demo's mail catcher keeps."""

import mailbox
from pathlib import Path

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from clients.models import User


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("staff@inbox.example", "a-long-password"))
    return client


@pytest.mark.django_db
def test_inbox_shows_whole_mails_of_the_catcher(
    staff: Client, settings: Settings, tmp_path: Path
) -> None:
    settings.DEMO = True
    settings.DEMO_MAIL_DIR = tmp_path / "mail"
    box = mailbox.Maildir(tmp_path / "mail")
    box.add("Subject: Your trunk\nTo: acme@example.com\n\nUsername: acme1\n")

    page = staff.get("/inbox/").content.decode()

    assert "Your trunk" in page
    assert "Username: acme1" in page
    assert '<pre tabindex="0"' in page  # a long line is scrolled to with the keys


@pytest.mark.django_db
def test_inbox_is_the_demos_only(staff: Client) -> None:
    assert staff.get("/inbox/").status_code == 404
