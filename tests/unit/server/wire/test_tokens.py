"""A token plays one color of one game of one ChessCluster, and only if one of the keys has signed it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chess_server.game import ids
from chess_server.wire.tokens import TOKEN, KeysError, Tokens, offered, parse_keys

OLD, NEW, FOREIGN = b"o" * 43, b"n" * 43, b"f" * 43
GAME = "abcdefgh"
SIGNED = Tokens([NEW, OLD], "cluster").of(GAME, "white")


@pytest.mark.parametrize("color", ["white", "black"])
def test_a_token_plays_its_color(color: str) -> None:
    tokens = Tokens([NEW], "cluster")
    made = tokens.of(GAME, color)
    assert len(made) == 36
    assert tokens.color(made, GAME) == color


@pytest.mark.parametrize(
    "keys, cluster, game, expected",
    [
        pytest.param([NEW], "cluster", GAME, "white", id="the key that signed it"),
        pytest.param([OLD, NEW], "cluster", GAME, "white", id="a key that does not sign any more"),
        pytest.param([OLD], "cluster", GAME, None, id="a key that is gone"),
        pytest.param([], "cluster", GAME, None, id="no key at all"),
        pytest.param([FOREIGN], "cluster", GAME, None, id="another key"),
        pytest.param([NEW], "other", GAME, None, id="another ChessCluster with the same key"),
        pytest.param([NEW], "cluster", "abcdefgi", None, id="another game"),
        pytest.param([NEW], "cluster", "abcdefg", None, id="a game id that is too short"),
    ],
)
def test_who_takes_a_token(keys: list[bytes], cluster: str, game: str, expected: str | None) -> None:
    assert Tokens(keys, cluster).color(SIGNED, game) == expected


def test_the_first_key_signs() -> None:
    assert Tokens([NEW], "cluster").color(Tokens([NEW, OLD], "cluster").of(GAME, "black"), GAME) == "black"
    assert Tokens([NEW], "cluster").color(Tokens([OLD, NEW], "cluster").of(GAME, "black"), GAME) is None


def test_without_keys_nothing_is_signed() -> None:
    assert not Tokens([], "cluster").of(GAME, "white")


@pytest.mark.parametrize(
    "token",
    [
        "",
        SIGNED[:-1],
        SIGNED[:-4],
        SIGNED + "A",
        SIGNED + "AAAA",
        f" {SIGNED}",
        SIGNED + "=",
        "A" * 36,
        "é" * 36,
    ],
)
def test_what_is_cut_or_lengthened_is_no_token(token: str) -> None:
    assert Tokens([NEW, OLD], "cluster").color(token, GAME) is None


@given(st.integers(0, 35), st.sampled_from(ids.ALPHABET + "_-"))
def test_no_changed_character_passes(place: int, letter: str) -> None:
    changed = SIGNED[:place] + letter + SIGNED[place + 1 :]
    assert (Tokens([NEW, OLD], "cluster").color(changed, GAME) == "white") is (changed == SIGNED)


@given(st.text(max_size=60))
def test_no_text_is_taken_for_a_token(text: str) -> None:
    assert Tokens([NEW], "cluster").color(text, GAME) is None


@given(st.from_regex(ids.GAME, fullmatch=True), st.sampled_from(["white", "black"]), st.text(max_size=40))
def test_every_game_and_cluster_has_tokens(game: str, color: str, cluster: str) -> None:
    tokens = Tokens([NEW], cluster)
    assert TOKEN.fullmatch(tokens.of(game, color))
    assert tokens.color(tokens.of(game, color), game) == color


@pytest.mark.parametrize(
    "protocols, expected",
    [
        ("", ""),
        ("chess.v1", ""),
        ("chess.v1, chess.token.abc", "abc"),
        ("chess.token.abc,chess.v1", "abc"),
        ("chess.token.", ""),
        ("chess.token.a, chess.token.b", "a"),
    ],
)
def test_a_token_is_offered_as_a_subprotocol(protocols: str, expected: str) -> None:
    assert offered(protocols) == expected


def test_keys_are_lines() -> None:
    text = f"{NEW.decode()}\n\n  {OLD.decode()}  \n"
    assert parse_keys(text) == (NEW, OLD)


@pytest.mark.parametrize(
    "text", ["", "\n\n", "short", "x" * 129, "x" * 20 + " " + "x" * 20, "é" * 40, "\n".join(["x" * 40] * 5)]
)
def test_what_is_no_key_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(KeysError) as refused:
        parse_keys(text)
    assert not text.strip() or text.strip() not in str(refused.value)
