"""How this process reaches the API server: one configuration, for the official client and for kopf."""

from dataclasses import dataclass
from pathlib import Path

import kopf
from kubernetes.aio import client, config
from kubernetes.aio.client.configuration import Configuration
from yaml import YAMLError

TOKEN_FILE = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")
CONNECTIONS = 64
"""More than are ever in use at once, so that renewing the lease never waits for a connection."""


class AccessError(RuntimeError):
    """No access to an API server; the message names what was tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Where the API server is. Without a kubeconfig, by the pod's own service account."""

    kubeconfig: Path | None
    context: str | None

    async def configuration(self) -> Configuration:
        """Load the configuration; raises AccessError."""
        loaded = Configuration()
        try:
            if self.kubeconfig is None:
                config.load_incluster_config(client_configuration=loaded)
            else:
                await config.load_kube_config(
                    config_file=str(self.kubeconfig), context=self.context, client_configuration=loaded
                )
        except (YAMLError, UnicodeDecodeError):
            raise AccessError(f"cannot reach a Kubernetes API: {self._tried()}: not YAML") from None
        except (TypeError, AttributeError):  # the client expects mappings, and looks no further
            raise AccessError(f"cannot reach a Kubernetes API: {self._tried()}: not a kubeconfig") from None
        except (config.ConfigException, OSError) as error:
            raise AccessError(f"cannot reach a Kubernetes API: {self._tried()}: {error}") from error
        return loaded

    async def api(self) -> client.ApiClient:
        """Make the official client. The caller closes it."""
        configuration = await self.configuration()
        configuration.connection_pool_maxsize = CONNECTIONS
        return client.ApiClient(configuration=configuration)

    async def connection(self) -> kopf.ConnectionInfo:
        """Give kopf the same access. Projected tokens rotate: kopf asks again after a 401."""
        loaded = await self.configuration()
        auth = loaded.api_key.get("BearerToken", "")
        return kopf.ConnectionInfo(
            server=str(loaded.host),
            ca_path=loaded.ssl_ca_cert or None,
            insecure=not loaded.verify_ssl,
            certificate_path=loaded.cert_file or None,
            private_key_path=loaded.key_file or None,
            scheme="Bearer" if auth else None,
            token=auth.split(" ", 1)[-1].strip() or None,
        )

    def _tried(self) -> str:
        if self.kubeconfig is None:
            return "no --kubeconfig given and no service account mounted"
        return f"kubeconfig {self.kubeconfig}" + (f", context {self.context}" if self.context else "")
