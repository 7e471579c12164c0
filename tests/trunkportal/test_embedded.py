"""The embedded servers: where they are, who starts them, who stops them."""

import os
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import environ
import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from trunkportal.embedded import (
    Addresses,
    EmbeddedServerError,
    addresses,
    postgres,
    running,
    stop_unused,
)
from trunkportal.embedded.addresses import APP_ROLE, OWNER_ROLE, SUPERUSER

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="tp-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder, "var")


def postgres_answers(where: Addresses) -> bool:
    return postgres.answers(where)


def valkey_answers(where: Addresses) -> bool:
    try:
        return bool(redis.Redis.from_url(where.redis_url, retry=Retry(NoBackoff(), 0)).ping())
    except redis.RedisError:
        return False


def process_using(data_dir: Path) -> subprocess.Popen[str]:
    """Another process that uses the servers until it is told to end; returns once it does."""
    script = f"""
        import signal, sys
        from pathlib import Path
        from trunkportal.embedded import running
        signal.signal(signal.SIGTERM, lambda *_: sys.exit())
        with running(Path({str(data_dir)!r}), durable=False):
            print("up", flush=True)
            signal.pause()
    """
    process = subprocess.Popen(
        [sys.executable, "-c", dedent(script)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stdout.readline() == "up\n"
    return process


def end(process: subprocess.Popen[str], how: signal.Signals) -> None:
    process.send_signal(how)
    process.wait(30)
    assert process.stdout
    process.stdout.close()


def test_addresses_are_pure_and_the_same_each_time(data_dir: Path) -> None:
    assert addresses(data_dir) == addresses(data_dir)
    assert not data_dir.exists()


def test_addresses_are_read_by_django_environ(tmp_path: Path) -> None:
    where = addresses(tmp_path)

    read = environ.Env.db_url_config(where.database_url)

    assert (read["HOST"], read["NAME"]) == (str(where.socket_dir), "trunkportal")
    assert read["USER"] == APP_ROLE
    assert environ.Env.db_url_config(where.owner_url)["USER"] == OWNER_ROLE


@pytest.mark.parametrize("name", ["x" * 100, "a,b"])
def test_folder_that_no_socket_can_live_in_gets_a_short_one_elsewhere(name: str) -> None:
    where = addresses(Path("/srv") / name)

    assert len(f"{where.socket_dir}/.s.PGSQL.5432.lock") <= 107
    assert where.socket_dir != addresses(Path("/srv") / f"{name}2").socket_dir


def test_servers_run_for_the_time_of_the_block(data_dir: Path) -> None:
    with running(data_dir, durable=False) as where:
        assert postgres_answers(where)
        assert valkey_answers(where)
    assert not postgres_answers(where)
    assert not valkey_answers(where)


def test_folder_name_may_have_spaces_and_quotes(data_dir: Path) -> None:
    with running(data_dir / "it's a+b %d", durable=False) as where:
        assert postgres_answers(where)
        assert valkey_answers(where)


def test_only_the_user_can_reach_the_servers(data_dir: Path) -> None:
    with running(data_dir, durable=False) as where:
        for folder in (where.socket_dir, data_dir / "postgres", data_dir / "valkey"):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        with psycopg.connect(where.dsn(SUPERUSER, "postgres")) as connection:
            assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        assert redis.Redis.from_url(where.redis_url).config_get("port") == {"port": "0"}


def test_application_role_uses_what_the_owner_makes_and_owns_nothing(data_dir: Path) -> None:
    with running(data_dir, valkey=False, durable=False) as where:
        with psycopg.connect(where.dsn(OWNER_ROLE)) as owner:
            owner.execute("CREATE TABLE thing (id bigserial PRIMARY KEY, name text)")
        with psycopg.connect(where.dsn(APP_ROLE)) as app:
            app.execute("INSERT INTO thing (name) VALUES ('x')")
            assert app.execute("SELECT name FROM thing").fetchall() == [("x",)]
            flags = app.execute(
                "SELECT rolsuper, rolbypassrls, rolcreatedb, rolcreaterole FROM pg_roles"
                " WHERE rolname = current_user"
            ).fetchone()
            assert flags == (False, False, False, False)
            for forbidden in ("DROP TABLE thing", "TRUNCATE thing", "CREATE TABLE mine (id int)"):
                with (
                    pytest.raises(psycopg.errors.InsufficientPrivilege),
                    app.transaction(),
                ):
                    app.execute(forbidden)


def test_store_keeps_everything_it_is_given(data_dir: Path) -> None:
    with running(data_dir, postgres=False, durable=False) as where:
        store = redis.Redis.from_url(where.redis_url, decode_responses=True)
        wanted = {"appendonly": "yes", "appendfsync": "everysec", "maxmemory-policy": "noeviction"}
        assert store.config_get(*wanted) == wanted
        store.set("kept", "1")
    with running(data_dir, postgres=False, durable=False) as where:
        assert redis.Redis.from_url(where.redis_url).get("kept") == b"1"


def test_last_user_stops_what_the_first_one_started(data_dir: Path) -> None:
    first = process_using(data_dir)
    with running(data_dir, durable=False) as where:
        end(first, signal.SIGTERM)
        assert postgres_answers(where)
        assert valkey_answers(where)
    assert not postgres_answers(where)


def test_two_that_start_at_once_share_one_pair_of_servers(data_dir: Path) -> None:
    command = f"""
        from pathlib import Path
        import psycopg
        from trunkportal.embedded import running
        with running(Path({str(data_dir)!r}), durable=False) as where:
            with psycopg.connect(where.dsn("postgres", "postgres")) as connection:
                connection.execute("SELECT 1")
    """
    both = [subprocess.Popen([sys.executable, "-c", dedent(command)], cwd=ROOT) for _ in range(2)]
    assert [process.wait(60) for process in both] == [0, 0]
    assert not postgres_answers(addresses(data_dir))


def test_servers_of_a_killed_user_are_taken_over_and_stopped(data_dir: Path) -> None:
    end(process_using(data_dir), signal.SIGKILL)
    where = addresses(data_dir)
    assert postgres_answers(where)
    with running(data_dir, durable=False):
        pass
    assert not postgres_answers(where)
    assert not valkey_answers(where)


def test_left_servers_are_stopped_unless_they_are_used(data_dir: Path) -> None:
    process = process_using(data_dir)
    assert not stop_unused(data_dir)
    end(process, signal.SIGKILL)
    assert stop_unused(data_dir)
    assert not postgres_answers(addresses(data_dir))


def test_killed_servers_start_again_with_what_they_held(data_dir: Path) -> None:
    with running(data_dir) as where:
        with psycopg.connect(where.dsn(OWNER_ROLE), autocommit=True) as owner:
            owner.execute("CREATE TABLE kept (id int)")
        store = redis.Redis.from_url(where.redis_url)
        os.kill(store.info("server")["process_id"], signal.SIGKILL)
        pid = int((data_dir / "postgres" / "postmaster.pid").read_text().split("\n", 1)[0])
        os.kill(pid, signal.SIGKILL)
        with running(data_dir) as again, psycopg.connect(again.dsn(OWNER_ROLE)) as owner:
            assert owner.execute("SELECT FROM kept").rowcount == 0
            assert valkey_answers(again)


def test_pid_file_that_names_another_process_does_not_hinder_a_start(data_dir: Path) -> None:
    with running(data_dir, valkey=False, durable=False):
        pid_file = data_dir / "postgres" / "postmaster.pid"
        written = pid_file.read_text()
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        pid_file.write_text(written.replace(written.split("\n", 1)[0], str(stranger.pid), 1))
        with running(data_dir, valkey=False, durable=False) as where:
            assert postgres_answers(where)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_half_made_cluster_is_made_anew(data_dir: Path) -> None:
    (data_dir / "postgres.new").mkdir(parents=True)
    (data_dir / "postgres.new" / "PG_VERSION").write_text("18\n")
    with running(data_dir, valkey=False, durable=False) as where:
        assert postgres_answers(where)


def test_folder_of_sockets_that_is_open_to_others_is_refused(data_dir: Path) -> None:
    (data_dir / "run").mkdir(parents=True)
    (data_dir / "run").chmod(0o755)
    with (
        pytest.raises(EmbeddedServerError, match="mode must be 0700"),
        running(data_dir, durable=False),
    ):
        pass


def test_folder_of_sockets_may_not_be_a_link(data_dir: Path, tmp_path: Path) -> None:
    data_dir.mkdir()
    (data_dir / "run").symlink_to(tmp_path)
    with pytest.raises(EmbeddedServerError, match="not a folder"), running(data_dir):
        pass


def test_server_that_cannot_start_says_why(data_dir: Path) -> None:
    (data_dir / "postgres").mkdir(parents=True, mode=0o700)
    with (
        pytest.raises(EmbeddedServerError, match="PostgreSQL did not start"),
        running(data_dir, valkey=False),
    ):
        pass


def test_server_that_was_stopped_is_gone_when_the_block_ends(data_dir: Path) -> None:
    for _ in range(3):
        with running(data_dir, durable=False):
            assert (data_dir / "postgres" / "postmaster.pid").exists()
        assert not (data_dir / "postgres" / "postmaster.pid").exists()
