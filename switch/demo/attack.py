"""Attacks of the demonstration: raw calls that a client would never make."""

import time
from collections.abc import Callable
from typing import Final

import grpc

from clients.link import Link
from switch.demo.cases import Step
from switch.demo.world import World, now
from switch.model.ids import RequestId, make_request_id
from switch.security.card_proof import CardOperation, epoch_ms
from switch.security.mac import request_message

PATH: Final = "/medswitch.v1.SettlementService/Presettle"
UNAUTHENTICATED: Final = grpc.StatusCode.UNAUTHENTICATED.value[0]
TIMEOUT_S: Final = 10.0


class Attacker:
    """A terminal's session in the wrong hands: signs and sends what it likes."""

    def __init__(self, world: World, terminal: str) -> None:
        self._world = world
        self._link = Link(world.address, world.province.identity(terminal), now)
        self._link.sign_in(TIMEOUT_S)
        session = self._link._session
        if session is None:
            raise ValueError("no session after signing in")
        self._session = session
        self._seq = 0

    def run(self, name: str, step: Step) -> str:
        """Do an attack; return what was wrong with the switch's answer, "" for nothing."""
        attacks: dict[str, Callable[[bytes], str]] = {
            "flip_bit": self._flip_bit,
            "replay": self._replay,
            "expired_session": self._expired_session,
        }
        return attacks[name](self._body(step))

    def close(self) -> None:
        """Close the connection."""
        self._link.close()

    def _flip_bit(self, body: bytes) -> str:
        for place in range(0, len(body) * 8, 97):
            changed = bytearray(body)
            changed[place // 8] ^= 1 << place % 8
            self._seq += 1
            status, mac = self._send(bytes(changed), self._seq, signed=body)
            if status != UNAUTHENTICATED or mac:
                return f"bit {place}: status {status}"
        return ""

    def _replay(self, body: bytes) -> str:
        self._seq += 1
        status, mac = self._send(body, self._seq)
        if status != 0 or not mac:
            return f"the genuine message: status {status}"
        status, mac = self._send(body, self._seq)
        return "" if status == UNAUTHENTICATED and not mac else f"the replay: status {status}"

    def _expired_session(self, body: bytes) -> str:
        left_ms = self._session.expires_at_ms - epoch_ms(now())
        time.sleep(max(0, left_ms + 50) / 1000)
        self._seq += 1
        status, mac = self._send(body, self._seq)
        return "" if status == UNAUTHENTICATED and not mac else f"status {status}"

    def _send(self, body: bytes, seq: int, signed: bytes | None = None) -> tuple[int, bytes]:
        who, session = self._link.identity, self._session
        message = request_message(
            PATH, who.terminal_id, session.session_id, seq, body if signed is None else signed
        )
        metadata: tuple[tuple[str, str | bytes], ...] = (
            ("x-terminal-id", who.terminal_id),
            ("x-session-bin", session.session_id),
            ("x-seq", str(seq)),
            ("x-mac-bin", session.key.compute(message)),
        )
        status, _, mac = self._link._send(PATH, body, metadata, TIMEOUT_S)
        return status, mac

    def _body(self, step: Step) -> bytes:
        from medswitch.v1 import settlement_pb2

        who = self._link.identity
        request_id: RequestId = make_request_id(who.institution, now(), 9_999)
        claim = self._world.claim(step)
        claim.request_id = request_id
        evidence = self._world.card(step.who).prove(
            CardOperation.PRESETTLE, who.terminal_id, request_id, claim.total_fen
        )
        request = settlement_pb2.PresettleRequest(claim=claim, evidence=evidence)
        return request.SerializeToString()
