"""boto3 clients, one per service and region, for one set of credentials. The only place that makes them.

boto3 is imported when the first client is made: half a second that `synth` has no use for.
"""

import threading
from typing import Any

from botocore import exceptions as aws

from chess_stacks.account import failure

_RETRIES = {"mode": "standard", "max_attempts": 8}


class Clients:
    """Clients by service and region; botocore's are safe to share between threads, making them is not."""

    def __init__(self, endpoint_url: str | None = None, aws_profile: str | None = None) -> None:
        self._endpoint = endpoint_url
        self._aws_profile = aws_profile
        self._session: Any = None
        self._made: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()

    def get(self, service: str, region: str) -> Any:
        """Return the client, made once."""
        with self._lock:
            if (service, region) not in self._made:
                self._made[service, region] = self._make(service, region)
            return self._made[service, region]

    def account(self, region: str) -> str:
        """Return the id of the account that the credentials belong to."""
        try:
            return str(self.get("sts", region).get_caller_identity()["Account"])
        except (aws.ClientError, aws.BotoCoreError) as error:
            raise failure.explain(error, "asking AWS for the account") from error

    @property
    def emulated(self) -> bool:
        """Whether calls go to an endpoint that the user gave."""
        return self._endpoint is not None

    def credentials(self) -> Any:
        """Return botocore's credentials, for signing a Kubernetes token."""
        return self._open().get_credentials()

    def _open(self) -> Any:
        if self._session is None:
            import boto3

            untyped: Any = boto3
            self._session = untyped.Session(profile_name=self._aws_profile)
        return self._session

    def _make(self, service: str, region: str) -> Any:
        from botocore.config import Config

        untyped: Any = Config
        config = untyped(
            retries=_RETRIES,
            user_agent_extra="chess-stacks",
            max_pool_connections=20,
            connect_timeout=10,
            s3={"addressing_style": "path"} if self._endpoint else {},
        )
        try:
            return self._open().client(
                service, region_name=region, endpoint_url=self._endpoint, config=config
            )
        except aws.BotoCoreError as error:
            raise failure.explain(error, f"opening {service} in {region}") from error
