"""What can go wrong between the server and its stores, in two words."""


class UnavailableError(Exception):
    """A store does not answer, or not in time. Whether the call was carried out is unknown."""

    def __init__(self, store: str, detail: str) -> None:
        super().__init__(f"{store}: {detail}")
        self.store = store


class ContradictionError(Exception):
    """PostgreSQL holds another move at a ply than the one that was to be stored."""
