"""The pod template: made once per revision, then kept. A change of this file restarts no pod.

The pod runs under the `restricted` Pod Security Standard. Secrets are mounted files, never environment.
"""

from kubernetes.aio.client import models as k8s

from chess_operator.api.model import ChessClusterSpec
from chess_operator.api.model.server import Amounts, Env, EnvSource, PodSpec, StoreRef, Toleration
from chess_operator.api.resources import labels
from chess_operator.api.resources.kinds import Manifest
from chess_operator.api.resources.names import CLUSTER_UID_VARIABLE, CONTAINER, Colour, token_keys_name
from chess_operator.objects.owner import Owner, plain
from chess_operator.objects.token_keys import FILE

PLAYER_PORT = 8080
ADMIN_PORT = 9090
SERVER_UID = 10001
"""The user that the project's own image runs as; the secrets are readable for its group."""
SECRETS = "/run/secrets/chess"
GROUP_READABLE = 0o440
GRACE_SECONDS = 30
DEFAULT_REQUESTS = {"cpu": "50m", "memory": "96Mi"}


def template(owner: Owner, spec: ChessClusterSpec, colour: Colour, revision: str) -> Manifest:
    """Make a colour's pod template."""
    own = {**labels.child_labels(owner.name), labels.COLOUR: colour, labels.SERVING: "true"}
    more = spec.server.pod_template.metadata
    return plain(
        k8s.V1PodTemplateSpec(
            metadata=k8s.V1ObjectMeta(
                labels={**more.labels, **own}, annotations={**more.annotations, labels.REVISION: revision}
            ),
            spec=_pod(owner, spec, colour, revision),
        )
    )


def grace_seconds(spec: ChessClusterSpec) -> int:
    """Return how long a pod may take after SIGTERM: the whole drain."""
    return spec.drain.deadline_seconds + spec.drain.reconnect_window_seconds + GRACE_SECONDS


def _pod(owner: Owner, spec: ChessClusterSpec, colour: Colour, revision: str) -> k8s.V1PodSpec:
    extra = spec.server.pod_template.spec
    return k8s.V1PodSpec(
        automount_service_account_token=False,
        enable_service_links=False,
        service_account_name=spec.server.service_account_name,
        termination_grace_period_seconds=grace_seconds(spec),
        security_context=k8s.V1PodSecurityContext(
            run_as_non_root=True,
            run_as_user=SERVER_UID,
            run_as_group=SERVER_UID,
            fs_group=SERVER_UID,
            fs_group_change_policy="OnRootMismatch",
            seccomp_profile=k8s.V1SeccompProfile(type="RuntimeDefault"),
        ),
        containers=[_container(owner, spec, revision)],
        volumes=[
            _secret_volume("redis", spec.redis),
            _secret_volume("database", spec.database),
            _token_keys_volume(owner),
            k8s.V1Volume(name="tmp", empty_dir=k8s.V1EmptyDirVolumeSource(size_limit="64Mi")),
        ],
        node_selector=extra.node_selector or None,
        tolerations=[_toleration(one) for one in extra.tolerations] or None,
        topology_spread_constraints=_spread(owner, extra, colour),
        image_pull_secrets=[k8s.V1LocalObjectReference(name=one.name) for one in extra.image_pull_secrets]
        or None,
        priority_class_name=extra.priority_class_name,
        runtime_class_name=extra.runtime_class_name,
    )


def _container(owner: Owner, spec: ChessClusterSpec, revision: str) -> k8s.V1Container:
    return k8s.V1Container(
        name=CONTAINER,
        image=spec.server.image,
        image_pull_policy=spec.server.image_pull_policy,
        command=["chess-server"],
        args=["serve"],
        ports=[
            k8s.V1ContainerPort(name="ws", container_port=PLAYER_PORT, protocol="TCP"),
            k8s.V1ContainerPort(name="admin", container_port=ADMIN_PORT, protocol="TCP"),
        ],
        env=[*_environment(owner, spec, revision), *(_env(one) for one in spec.server.env)],
        resources=_resources(spec),
        # With these a pod is in the Service about a second after its process listens.
        startup_probe=_probe("/livez", period=1, failures=120),
        readiness_probe=_probe("/readyz", period=2, failures=3),
        liveness_probe=_probe("/livez", period=10, failures=3),
        security_context=k8s.V1SecurityContext(
            allow_privilege_escalation=False,
            read_only_root_filesystem=True,
            capabilities=k8s.V1Capabilities(drop=["ALL"]),
        ),
        volume_mounts=[
            k8s.V1VolumeMount(name="redis", mount_path=f"{SECRETS}/redis", read_only=True),
            k8s.V1VolumeMount(name="database", mount_path=f"{SECRETS}/database", read_only=True),
            k8s.V1VolumeMount(name="token-keys", mount_path=f"{SECRETS}/token-keys", read_only=True),
            k8s.V1VolumeMount(name="tmp", mount_path="/tmp"),  # noqa: S108 - an emptyDir of the pod's own
        ],
    )


def _environment(owner: Owner, spec: ChessClusterSpec, revision: str) -> list[k8s.V1EnvVar]:
    given = {
        "CHESS_CLUSTER_NAME": owner.name,
        CLUSTER_UID_VARIABLE: owner.uid,
        "CHESS_REVISION": revision,
        "CHESS_MAX_CONNECTIONS": str(spec.scaling.max_connections_per_replica),
        "CHESS_DRAIN_DEADLINE_SECONDS": str(spec.drain.deadline_seconds),
        "CHESS_RECONNECT_WINDOW_SECONDS": str(spec.drain.reconnect_window_seconds),
        "CHESS_LISTEN": "0.0.0.0",  # noqa: S104 - a pod's network is its own; players come through the Service
        "CHESS_REDIS_URL_FILE": f"{SECRETS}/redis/url",
        "CHESS_DATABASE_URL_FILE": f"{SECRETS}/database/url",
        "CHESS_TOKEN_KEYS_FILE": f"{SECRETS}/token-keys/{FILE}",
    }
    if spec.redis.ca_secret_ref is not None:
        given["CHESS_REDIS_CA_FILE"] = f"{SECRETS}/redis/ca.crt"
    if spec.database.ca_secret_ref is not None:
        given["CHESS_DATABASE_CA_FILE"] = f"{SECRETS}/database/ca.crt"
    downward = {
        "CHESS_POD_NAME": "metadata.name",
        "CHESS_POD_UID": "metadata.uid",
        "CHESS_POD_IP": "status.podIP",
    }
    return [
        *(_from_pod(name, path) for name, path in downward.items()),
        *(k8s.V1EnvVar(name=name, value=value) for name, value in given.items()),
    ]


def _from_pod(name: str, path: str) -> k8s.V1EnvVar:
    source = k8s.V1ObjectFieldSelector(api_version="v1", field_path=path)
    return k8s.V1EnvVar(name=name, value_from=k8s.V1EnvVarSource(field_ref=source))


def _env(one: Env) -> k8s.V1EnvVar:
    source = None if one.value_from is None else _source(one.value_from)
    return k8s.V1EnvVar(name=one.name, value=one.value, value_from=source)


def _source(given: EnvSource) -> k8s.V1EnvVarSource:
    if (secret := given.secret_key_ref) is not None:
        return k8s.V1EnvVarSource(
            secret_key_ref=k8s.V1SecretKeySelector(name=secret.name, key=secret.key, optional=secret.optional)
        )
    if (config := given.config_map_key_ref) is not None:
        return k8s.V1EnvVarSource(
            config_map_key_ref=k8s.V1ConfigMapKeySelector(
                name=config.name, key=config.key, optional=config.optional
            )
        )
    return k8s.V1EnvVarSource()


def _resources(spec: ChessClusterSpec) -> k8s.V1ResourceRequirements:
    requests, limits = _amounts(spec.server.resources.requests), _amounts(spec.server.resources.limits)
    return k8s.V1ResourceRequirements(
        requests={**DEFAULT_REQUESTS, **limits, **requests}, limits=limits or None
    )


def _amounts(amounts: Amounts | None) -> dict[str, str]:
    return {} if amounts is None else amounts.model_dump(exclude_none=True, by_alias=True)


def _probe(path: str, *, period: int, failures: int) -> k8s.V1Probe:
    return k8s.V1Probe(
        http_get=k8s.V1HTTPGetAction(path=path, port="admin", scheme="HTTP"),
        period_seconds=period,
        timeout_seconds=2,
        failure_threshold=failures,
    )


def _secret_volume(name: str, store: StoreRef) -> k8s.V1Volume:
    """Mount the URL, and the CA beside it, whatever their keys in the Secrets are."""
    files = [(store.url_secret_ref, "url"), (store.ca_secret_ref, "ca.crt")]
    sources = [
        k8s.V1VolumeProjection(
            secret=k8s.V1SecretProjection(name=ref.name, items=[k8s.V1KeyToPath(key=ref.key, path=path)])
        )
        for ref, path in files
        if ref is not None
    ]
    return k8s.V1Volume(
        name=name, projected=k8s.V1ProjectedVolumeSource(sources=sources, default_mode=GROUP_READABLE)
    )


def _token_keys_volume(owner: Owner) -> k8s.V1Volume:
    """Mount the whole Secret: the kubelet then rewrites the file when keys are rotated."""
    source = k8s.V1SecretVolumeSource(
        secret_name=token_keys_name(owner.name),
        items=[k8s.V1KeyToPath(key=FILE, path=FILE)],
        default_mode=GROUP_READABLE,
    )
    return k8s.V1Volume(name="token-keys", secret=source)


def _toleration(one: Toleration) -> k8s.V1Toleration:
    given = one.model_dump(exclude_none=True)
    return k8s.V1Toleration(**given)


def _spread(owner: Owner, extra: PodSpec, colour: Colour) -> list[k8s.V1TopologySpreadConstraint]:
    given = [
        (one.max_skew, one.topology_key, one.when_unsatisfiable) for one in extra.topology_spread_constraints
    ]
    evenly = [(1, key, "ScheduleAnyway") for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")]
    return [
        k8s.V1TopologySpreadConstraint(
            max_skew=skew,
            topology_key=key,
            when_unsatisfiable=when,
            label_selector=k8s.V1LabelSelector(match_labels=labels.colour_selector(owner.name, colour)),
        )
        for skew, key, when in given or evenly
    ]
