"""The stores that a ChessCluster names: its Secrets, read and checked."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from chess_operator.api.model import ChessClusterSpec
from chess_operator.api.model.server import SecretRef
from chess_operator.census.reader import Endpoint, EndpointError
from chess_operator.kube.secrets import SecretError, SecretReader

POSTGRES_PORT = 5432
REDIS_PORT = 6379


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreEndpoints:
    """What the operator needs to know of a ChessCluster's stores."""

    redis: Endpoint
    ports: tuple[int, int]
    """Of Redis and PostgreSQL: the network policy lets pods reach these."""


async def read_stores(secrets: SecretReader, namespace: str, spec: ChessClusterSpec) -> StoreEndpoints:
    """Read every Secret that the stores refer to; raises SecretError for the first that cannot be used."""
    redis, database = spec.redis, spec.database
    url = (await secrets.value(namespace, redis.url_secret_ref)).strip()
    ca = None if redis.ca_secret_ref is None else await secrets.value(namespace, redis.ca_secret_ref)
    database_url = await secrets.value(namespace, database.url_secret_ref)
    if database.ca_secret_ref is not None:
        await secrets.value(namespace, database.ca_secret_ref)
    try:
        endpoint = Endpoint(url=url, ca=ca)
    except EndpointError as error:
        ref = redis.url_secret_ref
        raise SecretError("SecretInvalid", f"Secret {namespace}/{ref.name}, key {ref.key}: {error}") from None
    redis_port = urlsplit(url).port or REDIS_PORT
    return StoreEndpoints(
        redis=endpoint, ports=(redis_port, _database_port(database_url, namespace, database.url_secret_ref))
    )


def _database_port(url: str, namespace: str, ref: SecretRef) -> int:
    try:
        return urlsplit(url.strip()).port or POSTGRES_PORT
    except ValueError:
        where = f"Secret {namespace}/{ref.name}, key {ref.key!r}"
        raise SecretError(
            "SecretInvalid", f"{where}: the database URL's port must be a number from 0 to 65535"
        ) from None
