"""What calls to the stores raise."""


class UnavailableError(Exception):
    """A store did not answer in time. Whether the call was carried out is unknown."""

    def __init__(self, store: str, detail: str) -> None:
        super().__init__(f"{store}: {detail}")
        self.store = store
        self.detail = detail


class ContradictionError(Exception):
    """PostgreSQL holds another move at the same ply."""


class UnusableRedisError(Exception):
    """This Redis cannot be used; the message is for the user."""


class SchemaError(Exception):
    """The schema is too old and must not be migrated; the message is for the user."""
