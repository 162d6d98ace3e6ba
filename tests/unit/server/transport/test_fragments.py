"""A message becomes the frame that another implementation of RFC 6455 makes of it."""

import pytest
from websockets.frames import Frame, Opcode

from chess_server.transport.fragments import text_frame


@pytest.mark.parametrize("length", [0, 1, 125, 126, 65_535, 65_536])
def test_a_text_is_framed_as_others_frame_it(length: int) -> None:
    message = b"x" * length
    assert text_frame(message) == Frame(Opcode.TEXT, message).serialize(mask=False)
