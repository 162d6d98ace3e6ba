"""What calls to the stores raise: whom an error concerns, and whether clocks stop for it.

An `UnavailableError` concerns the store: the call was not carried out, or nobody knows. Clocks stop for what hits every
game and no player can cause. A `BrokenGameError` concerns one game, for good; no other game waits for it.
"""

from typing import ClassVar


class UnavailableError(Exception):
    """A store did not carry the call out, or whether it did is unknown. To try again may help."""

    stops_clocks: ClassVar[bool] = False
    """Whether an outage begins, which no player's clock pays for."""

    def __init__(self, store: str, detail: str) -> None:
        super().__init__(f"{store}: {detail}")
        self.store = store
        self.detail = detail


class UnreachableError(UnavailableError):
    """The store did not answer in time, or not at all."""

    stops_clocks = True


class ReadOnlyError(UnavailableError):
    """The store takes no writes: a replica, a demoted primary, one that was made read-only, or one that is full."""

    stops_clocks = True


class AuthenticationError(UnavailableError):
    """The store refuses these credentials, or they lack a right."""

    stops_clocks = True


class SaturatedError(UnavailableError):
    """The store, or the way to it, has too much to do. Players can cause that, so no clock stops."""


class LateError(SaturatedError):
    """PostgreSQL has ended a statement that took too long or waited for a lock: perhaps one row's fault alone."""


class BrokenGameError(Exception):
    """One game that cannot go on. To send again does not help."""

    def __init__(self, game_id: str, detail: str) -> None:
        super().__init__(f"game {game_id}: {detail}" if game_id else detail)
        self.game_id = game_id
        self.detail = detail


class RefusedRowError(BrokenGameError):
    """What is to be stored can never be stored."""


class CorruptError(BrokenGameError):
    """What is stored cannot be read: a hole in the history, an illegal move, an undecodable blob."""


class ContradictionError(Exception):
    """PostgreSQL holds another history of the game, or another server has taken it over."""


class UnusableRedisError(Exception):
    """This Redis cannot be used; the message is for the user."""


class SchemaError(Exception):
    """The schema is too old and must not be migrated; the message is for the user."""
