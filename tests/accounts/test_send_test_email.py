"""``send_test_email`` says whether the mail server takes mail."""

import json

import pytest
from django.core.management import CommandError, call_command, execute_from_command_line

from tests.mail_server import MailServer


def test_mail_arrives_and_the_command_says_so(smtp: MailServer, capsys: pytest.CaptureFixture[str]):
    call_command("send_test_email", "jane@example.com")
    [mail] = smtp.mails
    assert mail["To"] == "jane@example.com"
    assert f"127.0.0.1:{smtp.port} has accepted the mail" in capsys.readouterr().out


def test_json_names_the_mail(smtp: MailServer, capsys: pytest.CaptureFixture[str]):
    call_command("send_test_email", "jane@example.com", "--json")
    told = json.loads(capsys.readouterr().out)
    assert told == {
        "address": "jane@example.com",
        "server": f"127.0.0.1:{smtp.port}",
        "message_id": smtp.mails[0]["Message-ID"],
    }


@pytest.mark.parametrize(
    ("mood", "why"),
    [("no_such_user", "550 5.1.1 No such user here"), ("busy", "451"), ("hang_up_after", "closed")],
)
def test_refusal_is_told_with_the_servers_words(smtp: MailServer, mood: str, why: str):
    smtp.mood = mood
    with pytest.raises(CommandError, match=why) as refusal:
        call_command("send_test_email", "jane@example.com")
    assert refusal.value.returncode == 1


def test_server_that_is_down_is_a_refusal(smtp: MailServer, settings):
    settings.EMAIL_PORT = 1
    with pytest.raises(CommandError, match="refused"):
        call_command("send_test_email", "jane@example.com")


def test_what_is_no_address_is_wrong_usage(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as end:
        execute_from_command_line(["manage.py", "send_test_email", "jane"])
    assert end.value.code == 2
    assert "'jane' is not an email address" in capsys.readouterr().err
