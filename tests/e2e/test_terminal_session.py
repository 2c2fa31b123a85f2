"""A terminal's session over a real channel, real session rows and a real vault."""

import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import psycopg
import pytest
from grpc_health.v1 import health_pb2  # type: ignore[import-untyped]
from grpc_reflection.v1alpha import reflection_pb2

from clients.faults import OutcomeUnknown, SwitchFault
from clients.link import Link, SessionRefused
from clients.outbox import Outbox
from clients.terminal import TerminalClient
from medswitch.v1 import reply_pb2
from switch.security.suite import Suite
from switch.server import lifecycle
from tests.fix_live import BILL, PATIENT, LiveServer, identity_of
from tests.fix_server import INSTITUTION

suites = pytest.mark.parametrize("suite", Suite, ids=lambda suite: suite.name)


@suites
def test_terminal_settles_in_every_suite(live: LiveServer, suite: Suite) -> None:
    client = live.client(live.start(), suite)
    assert client.heartbeat().server_time_ms > 0
    shown = client.presettle(BILL, PATIENT)
    settled = client.settle(BILL, PATIENT, shown)
    assert settled.outcome.code == reply_pb2.REPLY_CODE_OK
    assert list(live.counter.posted) == [settled.outcome.request_id]
    client.sign_out()
    assert client.read_member(PATIENT).member.member_id == shown.member_id, "signs in again"


def test_echo_and_health_need_no_session(live: LiveServer) -> None:
    server = live.start()
    client = live.client(server)
    assert client.echo(b"hello") == b"hello"
    with grpc.insecure_channel(f"localhost:{server.port}") as channel:
        check: Any = channel.unary_unary("/grpc.health.v1.Health/Check")
        asked = health_pb2.HealthCheckRequest(service="medswitch.v1.SettlementService")
        reply = health_pb2.HealthCheckResponse.FromString(check(asked.SerializeToString()))
        assert reply.status == health_pb2.HealthCheckResponse.SERVING


def test_reflection_lists_the_services_only_when_switched_on(live: LiveServer) -> None:
    for on in (True, False):
        limits = lifecycle.ServerLimits(listen="localhost:0", reflection=on, drain_notice_s=0)
        server = live.start(limits)
        with grpc.insecure_channel(f"localhost:{server.port}") as channel:
            ask: Any = channel.stream_stream(
                "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
            )
            request = reflection_pb2.ServerReflectionRequest(list_services="")
            answers = ask(iter([request.SerializeToString()]))
            if on:
                reply = reflection_pb2.ServerReflectionResponse.FromString(next(answers))
                names = {s.name for s in reply.list_services_response.service}
                assert names >= set(lifecycle.SERVICES)
            else:
                with pytest.raises(grpc.RpcError):
                    next(answers)


def test_wrong_master_key_is_refused_without_a_word(live: LiveServer) -> None:
    server = live.start()
    forged = replace(identity_of(Suite.SM4), master_key=bytes(range(16)))
    link = Link(f"localhost:{server.port}", forged, live.clock.now)
    with pytest.raises(SessionRefused):
        link.sign_in(5)
    link.close()


def test_clock_skew_tells_the_servers_time(live: LiveServer) -> None:
    client = live.client(live.start())
    late = live.clock.now() - timedelta(minutes=6)
    wrong = TerminalClient(
        client_address(live), identity_of(Suite.SM4),
        Outbox(":memory:", INSTITUTION, lambda: late), now=lambda: late, attempts_max=1,
    )  # fmt: skip
    with pytest.raises(SwitchFault) as caught:
        wrong.sign_in()
    assert caught.value.reason == "CLOCK_SKEW"
    assert caught.value.server_time_ms == live.clock.now().timestamp() * 1000
    with pytest.raises(SwitchFault, match="CLOCK_SKEW"):
        wrong.read_member(PATIENT)
    wrong.close()
    client.sign_in()


def client_address(live: LiveServer) -> str:
    return f"localhost:{live._servers[0].port}"


def test_expired_session_is_opened_anew_and_the_request_repeated(live: LiveServer) -> None:
    client = live.client(live.start())
    client.sign_in()
    live.clock.move(timedelta(hours=25))
    assert client.read_member(PATIENT).outcome.code == reply_pb2.REPLY_CODE_OK


def test_session_ended_in_the_store_is_opened_anew(live: LiveServer) -> None:
    client = live.client(live.start())
    shown = client.presettle(BILL, PATIENT)
    with psycopg.connect(live._url) as connection:
        connection.execute("update medswitch.session set ended_at = opened_at")
    live.clock.move(timedelta(seconds=20))
    settled = client.settle(BILL, PATIENT, shown)
    assert settled.outcome.code == reply_pb2.REPLY_CODE_OK
    assert len(live.counter.posted) == 1


def test_session_opened_on_one_process_serves_on_another(live: LiveServer) -> None:
    first, second = live.start(), live.start()
    client = live.client(first)
    client.sign_in()
    there = live.client(second)
    there._link._session = client._link._session
    with psycopg.connect(live._url) as connection:
        before = connection.execute("select count(*) from medswitch.session").fetchone()
        assert there.read_member(PATIENT).outcome.code == reply_pb2.REPLY_CODE_OK
        assert connection.execute("select count(*) from medswitch.session").fetchone() == before


def test_blocked_terminal_gets_no_session(live: LiveServer) -> None:
    client = live.client(live.start(), attempts_max=1)
    with psycopg.connect(live._url) as connection:
        connection.execute("update medswitch.terminal set active = false")
    with pytest.raises(OutcomeUnknown):
        client.read_member(PATIENT)


def test_client_works_under_gevent(live: LiveServer) -> None:
    """A load test runs many terminals as greenlets of one process."""
    server = live.start()
    program = (
        "from gevent import monkey; monkey.patch_all()\n"
        "import grpc.experimental.gevent; grpc.experimental.gevent.init_gevent()\n"
        "import gevent, sys\n"
        "from tests.fix_live import *\n"
        "from tests.fix_server import NOW\n"
        "def settle(suite):\n"
        "    box = Outbox(':memory:', INSTITUTION, lambda: NOW, range(suite, 10_000, 4))\n"
        "    who = identity_of(suite)\n"
        "    with TerminalClient(sys.argv[1], who, box, now=lambda: NOW) as client:\n"
        "        shown = client.presettle(BILL, PATIENT)\n"
        "        return client.settle(BILL, PATIENT, shown).outcome.code\n"
        "jobs = [gevent.spawn(settle, suite) for suite in Suite]\n"
        "gevent.joinall(jobs, raise_error=True)\n"
        "print([job.value for job in jobs])\n"
    )
    root = Path(__file__).parents[2]
    ended = subprocess.run(
        [sys.executable, "-c", program, f"localhost:{server.port}"],
        cwd=root, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (ended.stdout.strip(), ended.returncode) == ("[1, 1, 1]", 0), ended.stderr
    assert len(live.counter.posted) == 3
