"""The pools in Redis: who waits for an opponent, and the redirects that players have not followed yet.

Pairing takes three steps: `enter` or `stay` promises two players to each other, their game is made, `seal` sends both
there. Only the last one changes anything for players, for both at once. If pairing stops before it, both wait on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any, Literal

from chess_server.store.health import Health
from chess_server.store.redis.calls import Call, Calls, command, script
from chess_server.store.redis.keys import Keys

WAITING_TTL_MS = 6_000
PROMISE_MS = 5_000
REDIRECT_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Two players promised to each other: `sri` asked, `other` was waiting."""

    pool: str
    sri: str
    other: str
    token: str


@dataclass(frozen=True, slots=True)
class Redirect:
    """The client is paired already, and has not joined its game yet."""

    frame: bytes


Placed = Match | Redirect | Literal["waiting", "elsewhere"]
"""`elsewhere`: another socket of this sri has asked since, or the client has stopped waiting."""


class Pools:
    """The lobby of one ChessCluster."""

    def __init__(self, calls: Calls, keys: Keys, health: Health, pod_uid: str) -> None:
        self._calls = calls
        self._keys = keys
        self._health = health
        self._pod_uid = pod_uid
        self._numbers = count(1)

    async def enter(self, pool: str, sri: str, owner: str) -> Placed:
        """Wait in a pool, as the client asks; `owner` is `pod uid|socket`."""
        return await self._place("in", pool, sri, owner)

    async def stay(self, pool: str, sri: str, owner: str) -> Placed:
        """Repeat a client's wait, before it expires."""
        return await self._place("stay", pool, sri, owner)

    async def leave(self, sri: str) -> Placed:
        """Stop waiting, as the client asks, whichever socket began it; a Redirect if it was paired before."""
        redirect = await self._stop("out", sri, "")
        return Redirect(bytes(redirect)) if redirect else "elsewhere"

    async def quit(self, sri: str, owner: str) -> None:
        """Stop waiting because a socket is gone, if that socket still owns the wait."""
        await self._stop("quit", sri, owner)

    async def seal(self, match: Match, redirects: Mapping[str, bytes]) -> bool:
        """Send both to their game; False, and neither is sent, if one of them has left."""
        one, other = match.sri, match.other
        keys = [
            *self._waits,
            self._keys.redirect(one),
            self._keys.redirect(other),
            self._keys.waiting(match.pool),
        ]
        args: list[Any] = [
            match.token,
            REDIRECT_SECONDS,
            self._keys.lobby_channel(""),
            *(one, redirects[one], other, redirects[other]),
            WAITING_TTL_MS,
        ]
        answer = await self._one(script("seal", keys, args))
        return bool(answer[0] == b"sealed")

    async def redirect_of(self, sri: str) -> bytes | None:
        """Read the redirect that a client has not followed yet."""
        found = await self._one(command("GET", self._keys.redirect(sri)))
        return bytes(found) if found is not None else None

    async def drop_redirect(self, sri: str) -> None:
        """Delete a redirect that nobody can claim."""
        await self._one(command("DEL", self._keys.redirect(sri)))

    async def followed(self, sri: str, game_id: str) -> None:
        """Delete the redirect that a client has followed."""
        held = await self.redirect_of(sri)
        if held is not None and game_id.encode() in held:
            await self._one(command("DEL", self._keys.redirect(sri)))

    @property
    def _waits(self) -> list[str]:
        return [self._keys.waits(), self._keys.expiry()]

    async def _place(self, op: str, pool: str, sri: str, owner: str) -> Placed:
        token = f"{self._pod_uid}|{next(self._numbers)}"
        args: list[Any] = [
            op,
            sri,
            owner,
            pool,
            WAITING_TTL_MS,
            token,
            PROMISE_MS,
            self._keys.lobby_channel(""),
        ]
        keys = [*self._waits, self._keys.waiting(pool), self._keys.redirect(sri)]
        answer = await self._one(script("match", keys, args))
        if answer[0] == b"matched":
            return Match(pool=pool, sri=sri, other=answer[1].decode(), token=token)
        if answer[0] == b"redirect":
            return Redirect(bytes(answer[1]))
        return "elsewhere" if answer[0] == b"elsewhere" else "waiting"

    async def _stop(self, op: str, sri: str, owner: str) -> bytes | None:
        keys = [*self._waits, self._keys.redirect(sri)]
        redirect: bytes | None = await self._one(script("unwait", keys, [op, sri, owner, WAITING_TTL_MS]))
        return redirect

    async def _one(self, call: Call) -> Any:
        return await self._health.redis(self._calls.one, call)
