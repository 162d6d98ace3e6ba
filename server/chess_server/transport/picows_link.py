"""One socket of the production transport: its messages, its close handshake, its limits.

picows writes each frame at once. What is sent here in one turn of the loop, such as an event and an acknowledgement,
leaves in one write at its end.
"""

import asyncio
from time import monotonic
from typing import cast

from picows import WSCloseCode, WSListener, WSMsgType, WSTransport
from picows.picows import WSCloseInfo, WSFrame

from chess_server.transport.fragments import Assembler, ProtocolError, close_code, text_frame
from chess_server.transport.keepalive import Due, Keepalive
from chess_server.transport.lingering import Lingering
from chess_server.transport.link import Ending, Handler, Limits

CLOSE_SECONDS = 2.0
ABNORMAL = 1006
MOST_UNSENT = 16 * 1024
"""How many bytes are collected at most before they are written."""
DATA = frozenset({WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.CONTINUATION})


class TurnEnd:
    """Writes at the end of a turn of the loop what its sockets have to send."""

    def __init__(self) -> None:
        self._links: list[PicowsLink] = []

    def add(self, link: "PicowsLink") -> None:
        """Let a socket write at the end of this turn."""
        if not self._links:
            asyncio.get_running_loop().call_soon(self._write)
        self._links.append(link)

    def _write(self) -> None:
        links, self._links = self._links, []
        for link in links:
            link.write()


class PicowsLink(WSListener):
    """One socket."""

    __slots__ = (
        "_assembler",
        "_cause",
        "_client",
        "_closing",
        "_keepalive",
        "_limits",
        "_lingering",
        "_open",
        "_paused",
        "_transport",
        "_turn_end",
        "_unsent",
    )

    def __init__(
        self,
        client: Handler,
        limits: Limits,
        open_links: "set[PicowsLink]",
        turn_end: TurnEnd,
        lingering: Lingering,
    ) -> None:
        self._client = client
        self._limits = limits
        self._open = open_links
        self._assembler = Assembler(limits.max_message)
        self._keepalive = Keepalive(monotonic())
        self._transport: WSTransport | None = None
        self._turn_end = turn_end
        self._lingering = lingering
        self._unsent = b""
        self._paused = False
        self._closing = False
        self._cause = ""

    @property
    def lag_ms(self) -> int:
        """The measured round trip."""
        return self._keepalive.lag_ms

    def send(self, frame: bytes) -> None:
        """Send a text frame, at the end of this turn of the loop."""
        if self._transport is None or self._closing:
            return
        if not self._unsent:
            self._turn_end.add(self)
        self._unsent += text_frame(frame)
        if len(self._unsent) > MOST_UNSENT:
            self.write()

    def write(self) -> None:
        """Write what was sent in this turn; cut the socket of a client that reads too slowly."""
        transport = self._transport
        unsent, self._unsent = self._unsent, b""
        if (
            not unsent
            or transport is None
            or self._closing
            or transport.is_close_frame_sent
            or transport.is_disconnected
        ):
            return
        transport.underlying_transport.write(unsent)
        self._bound(transport)

    def close(self, code: int, reason: str, cause: str = "server") -> None:
        """Begin the close handshake."""
        transport = self._transport
        if transport is None or self._closing:
            return
        self.write()
        self._closing = True
        self._cause = cause
        transport.send_close(cast("WSCloseCode", code), reason.encode()[:120])
        asyncio.get_running_loop().call_later(CLOSE_SECONDS, self._abort)

    def cut(self, cause: str) -> None:
        """End the socket without a handshake."""
        self._closing = True
        self._cause = cause
        self._abort()

    def check_keepalive(self, now: float) -> None:
        """Ping if that is due; close a socket from which nothing comes."""
        due = self._keepalive.due(now, self._limits)
        if due is Due.PING and self._transport is not None and not self._closing:
            self._transport.send_ping(self._keepalive.ping(now))
        elif due is Due.CUT:
            self.close(1001, "nothing received", "idle")

    def on_ws_connected(self, transport: WSTransport) -> None:
        """picows: the handshake is complete."""
        self._transport = transport
        for head in (transport.request, transport.response):
            del (
                head.headers
            )  # picows keeps both with the socket, and a browser's are larger than all the rest
        self._open.add(self)
        self._client.opened(self)
        self.check_keepalive(monotonic())

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """picows: a frame has come."""
        self._keepalive.received(monotonic())
        try:
            if frame.rsv1 or frame.rsv2 or frame.rsv3:
                raise ProtocolError(1002, "reserved bits set")  # noqa: TRY301 - one place closes on faults
            if frame.msg_type in DATA:
                self._data(frame)
            else:
                self._control(transport, frame)
        except ProtocolError as fault:
            self.close(fault.code, fault.reason, "client_fault")
            if frame.msg_type == WSMsgType.CLOSE:
                transport.disconnect()  # a close frame ends the handshake, even a broken one

    def _data(self, frame: WSFrame) -> None:
        if self._closing:
            return
        whole = self._assembler.feed(frame.msg_type.value, frame.get_payload_as_bytes(), fin=frame.fin)
        if whole is None:
            self._client.control()
        else:
            self._client.text(whole)

    def _control(self, transport: WSTransport, frame: WSFrame) -> None:
        payload = frame.get_payload_as_bytes()
        if frame.msg_type == WSMsgType.PONG:
            self._keepalive.pong(payload, monotonic())
            self._client.control()
        elif frame.msg_type == WSMsgType.PING:
            self._ping(transport, payload)
        elif frame.msg_type == WSMsgType.CLOSE:
            self.write()
            transport.send_close(cast("WSCloseCode", close_code(payload)))
            self._closing = True
            transport.disconnect()

    def _ping(self, transport: WSTransport, payload: bytes) -> None:
        """Answer a ping, within the limits that hold for messages."""
        if not self._closing:
            self._client.control()
        if not self._closing:
            transport.send_pong(payload)
            self._bound(transport)

    def _bound(self, transport: WSTransport) -> None:
        if self._paused and _pending(transport) > self._limits.max_pending:
            self.cut("slow_reader")

    def close_frame_sent(self) -> None:
        """Hold the connection if picows itself closes it: the client may still be sending what it is closed for."""
        transport = self._transport
        if self._closing or transport is None or transport.is_disconnected:
            return
        self._closing = True
        self._lingering.hold(transport.underlying_transport)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """picows: the socket is gone."""
        self._open.discard(self)
        self._closing = True
        self._client.closed(_ending(transport, self._cause))

    def pause_writing(self) -> None:
        """picows: the client reads more slowly than the server writes."""
        self._paused = True

    def resume_writing(self) -> None:
        """picows: the client has caught up."""
        self._paused = False

    def _abort(self) -> None:
        if self._transport is not None and not self._transport.is_disconnected:
            self._transport.disconnect(graceful=False)


def _pending(transport: WSTransport) -> int:
    return int(transport.underlying_transport.get_write_buffer_size())


def _code(info: WSCloseInfo | None) -> int:
    """Return a close code as a number; picows has an enum for known codes and numbers for all others."""
    code: object = ABNORMAL if info is None else info.code
    return code.value if isinstance(code, WSCloseCode) else int(cast("int", code))


def _ending(transport: WSTransport, cause: str) -> Ending:
    handshake = transport.close_handshake
    if handshake is None:
        return Ending(code=ABNORMAL, cause=cause or "cut")
    if handshake.recv_then_sent and not cause:
        return Ending(code=_code(handshake.recv), cause="client")
    return Ending(code=_code(handshake.sent), cause=cause or "client_fault")
