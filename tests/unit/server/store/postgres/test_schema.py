"""The revision of the schema that this version needs."""

from alembic.config import Config
from alembic.script import ScriptDirectory

from chess_server.store.postgres.schema import HEAD, is_newer


def test_the_schema_that_is_asked_for_is_the_newest_revision() -> None:
    config = Config()
    config.set_main_option("script_location", "chess_server.store.postgres:migrations")
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD
    assert not is_newer(HEAD)
    assert is_newer("9999")
