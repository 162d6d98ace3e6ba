"""Fragments to messages and messages to frames, by RFC 6455. Pure: opcodes, payloads and texts."""

CONTINUATION = 0x0
TEXT = 0x1
BINARY = 0x2
FINAL_TEXT = 0x80 | TEXT
LENGTH_IN_TWO_BYTES, LENGTH_IN_EIGHT_BYTES = 126, 127
NO_FAULT = 1000
CLOSE_CODES = ((1000, 1003), (1007, 1014), (3000, 4999))


class ProtocolError(Exception):
    """The peer broke the protocol: `code` is the close code for it, `reason` says what was wrong."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Assembler:
    """Collects the fragments of one message at a time. Only text messages are accepted."""

    __slots__ = ("_limit", "_parts")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._parts: bytearray | None = None

    def feed(self, opcode: int, payload: bytes, *, fin: bool) -> bytes | None:
        """Take a data frame; return the message when it is whole, else None. Raises ProtocolError."""
        if opcode == TEXT and fin and self._parts is None:
            return _text(payload, self._limit)
        return self._fragment(opcode, payload, fin=fin)

    def _fragment(self, opcode: int, payload: bytes, *, fin: bool) -> bytes | None:
        if opcode == BINARY:
            raise ProtocolError(1003, "binary frames are not accepted; send text")
        if (opcode == CONTINUATION) != (self._parts is not None):
            raise ProtocolError(1002, "fragments out of order")
        parts = self._parts if self._parts is not None else bytearray()
        parts += payload
        self._parts = None if fin else parts
        if len(parts) > self._limit:
            raise ProtocolError(1009, f"message over {self._limit} bytes")
        return _text(bytes(parts), self._limit) if fin else None


def text_frame(message: bytes) -> bytes:
    """Return a text message in one frame, as servers send it: not masked."""
    length = len(message)
    if length < LENGTH_IN_TWO_BYTES:
        return bytes((FINAL_TEXT, length)) + message
    if length < 1 << 16:
        return bytes((FINAL_TEXT, LENGTH_IN_TWO_BYTES)) + length.to_bytes(2) + message
    return bytes((FINAL_TEXT, LENGTH_IN_EIGHT_BYTES)) + length.to_bytes(8) + message


def close_code(payload: bytes) -> int:
    """Return the code that answers a close frame: its own, or 1000 if it has none. Raises ProtocolError."""
    if not payload:
        return NO_FAULT
    code = int.from_bytes(payload[:2], "big")
    if not any(first <= code <= last for first, last in CLOSE_CODES):
        raise ProtocolError(1002, "invalid close code")
    return code


def _text(payload: bytes, limit: int) -> bytes:
    if len(payload) > limit:
        raise ProtocolError(1009, f"message over {limit} bytes")
    if not payload.isascii():
        try:
            payload.decode("utf-8")
        except UnicodeDecodeError:
            raise ProtocolError(1007, "invalid UTF-8") from None
    return payload
