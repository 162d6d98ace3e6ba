"""What can go wrong between the server and its stores."""


class UnavailableError(Exception):
    """A store does not answer, or not in time. Whether the call was carried out is unknown."""

    def __init__(self, store: str, detail: str) -> None:
        super().__init__(f"{store}: {detail}")
        self.store = store
        self.detail = detail


class ContradictionError(Exception):
    """PostgreSQL holds another move at a ply than the one that was to be stored."""


class UnusableRedisError(Exception):
    """A Redis that this server cannot work with; the message is for the user."""


class SchemaError(Exception):
    """The schema is behind and may not be migrated; the message is for the user."""
