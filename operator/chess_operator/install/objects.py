"""Every object of the installation, typed: `restricted` by Pod Security, two replicas of which one leads."""

from kubernetes.aio.client import models as k8s

from chess_operator.api.resources import labels
from chess_operator.api.resources.kinds import Manifest
from chess_operator.api.resources.names import SYSTEM_NAMESPACE
from chess_operator.install.rights import editor_rules, lease_rules, rules, viewer_rules
from chess_operator.objects.owner import plain

NAME = labels.MANAGER
IMAGE = "chesscluster:dev"
AGGREGATE = "rbac.authorization.k8s.io/aggregate-to"
PROBE_PORT = 8081
UID = 10001
REPLICAS = 2
SELECTOR = {labels.NAME: NAME}
POD_LABELS = {**SELECTOR, labels.COMPONENT: "operator", labels.PART_OF: "chesscluster"}
"""The last two are those of every operator, whatever a release calls it: policies of others select by them."""


def installation(namespaces: tuple[str, ...] = ()) -> list[Manifest]:
    """Make the whole installation; with `namespaces` the operator has rights, and watches, there only."""
    everywhere = [_cluster_role(), _cluster_binding(), *_aggregated()] if not namespaces else []
    there = [
        one for name in namespaces for one in (_role(name, rules("namespace"), NAME), _binding(name, NAME))
    ]
    objects = [
        _namespace(),
        _account(),
        *everywhere,
        *there,
        _role(SYSTEM_NAMESPACE, lease_rules(), f"{NAME}-lease"),
        _binding(SYSTEM_NAMESPACE, f"{NAME}-lease"),
        _deployment(namespaces),
        _budget(),
        _policy(),
    ]
    return [plain(one) for one in objects]


def _meta(name: str, namespace: str | None = SYSTEM_NAMESPACE) -> k8s.V1ObjectMeta:
    return k8s.V1ObjectMeta(name=name, namespace=namespace, labels={labels.NAME: NAME})


def _namespace() -> k8s.V1Namespace:
    meta = _meta(SYSTEM_NAMESPACE, None)
    meta.labels = {**SELECTOR, "pod-security.kubernetes.io/enforce": "restricted"}
    return k8s.V1Namespace(api_version="v1", kind="Namespace", metadata=meta)


def _account() -> k8s.V1ServiceAccount:
    return k8s.V1ServiceAccount(
        api_version="v1", kind="ServiceAccount", metadata=_meta(NAME), automount_service_account_token=False
    )


def _cluster_role() -> k8s.V1ClusterRole:
    return _role_of(_meta(NAME, None), rules("cluster"))


def _role_of(meta: k8s.V1ObjectMeta, given: list[k8s.V1PolicyRule]) -> k8s.V1ClusterRole:
    return k8s.V1ClusterRole(
        api_version="rbac.authorization.k8s.io/v1", kind="ClusterRole", metadata=meta, rules=given
    )


def _aggregated() -> list[k8s.V1ClusterRole]:
    """Make the roles that Kubernetes adds to its own `view`, `edit` and `admin`."""
    made = []
    for name, given, into in (
        ("view", viewer_rules(), ("view", "edit", "admin")),
        ("edit", editor_rules(), ("edit", "admin")),
    ):
        meta = _meta(f"{NAME}-{name}", None)
        meta.labels = {**SELECTOR, **{f"{AGGREGATE}-{role}": "true" for role in into}}
        made.append(_role_of(meta, given))
    return made


def _cluster_binding() -> k8s.V1ClusterRoleBinding:
    return k8s.V1ClusterRoleBinding(
        api_version="rbac.authorization.k8s.io/v1",
        kind="ClusterRoleBinding",
        metadata=_meta(NAME, None),
        role_ref=k8s.V1RoleRef(api_group="rbac.authorization.k8s.io", kind="ClusterRole", name=NAME),
        subjects=[_subject()],
    )


def _role(namespace: str, given: list[k8s.V1PolicyRule], name: str) -> k8s.V1Role:
    return k8s.V1Role(
        api_version="rbac.authorization.k8s.io/v1", kind="Role", metadata=_meta(name, namespace), rules=given
    )


def _binding(namespace: str, name: str) -> k8s.V1RoleBinding:
    return k8s.V1RoleBinding(
        api_version="rbac.authorization.k8s.io/v1",
        kind="RoleBinding",
        metadata=_meta(name, namespace),
        role_ref=k8s.V1RoleRef(api_group="rbac.authorization.k8s.io", kind="Role", name=name),
        subjects=[_subject()],
    )


def _subject() -> k8s.RbacV1Subject:
    return k8s.RbacV1Subject(kind="ServiceAccount", name=NAME, namespace=SYSTEM_NAMESPACE)


def _deployment(namespaces: tuple[str, ...]) -> k8s.V1Deployment:
    return k8s.V1Deployment(
        api_version="apps/v1",
        kind="Deployment",
        metadata=_meta(NAME),
        spec=k8s.V1DeploymentSpec(
            replicas=REPLICAS,
            selector=k8s.V1LabelSelector(match_labels=SELECTOR),
            strategy=k8s.V1DeploymentStrategy(
                type="RollingUpdate",
                rolling_update=k8s.V1RollingUpdateDeployment(max_surge=1, max_unavailable=0),
            ),
            template=k8s.V1PodTemplateSpec(
                metadata=k8s.V1ObjectMeta(labels=POD_LABELS),
                spec=k8s.V1PodSpec(
                    service_account_name=NAME,
                    automount_service_account_token=True,
                    enable_service_links=False,
                    termination_grace_period_seconds=30,
                    security_context=k8s.V1PodSecurityContext(
                        run_as_non_root=True,
                        run_as_user=UID,
                        run_as_group=UID,
                        seccomp_profile=k8s.V1SeccompProfile(type="RuntimeDefault"),
                    ),
                    affinity=_apart(),
                    containers=[_container(namespaces)],
                ),
            ),
        ),
    )


def _container(namespaces: tuple[str, ...]) -> k8s.V1Container:
    return k8s.V1Container(
        name="operator",
        image=IMAGE,
        image_pull_policy="IfNotPresent",
        command=["chess-operator"],
        args=[
            "run",
            # The kubelet probes the pod's address, of whichever family; the default elsewhere is loopback.
            f"--probe-address=[::]:{PROBE_PORT}",
            *(f"--namespace={name}" for name in namespaces),
        ],
        env=[
            k8s.V1EnvVar(
                name="POD_NAME",
                value_from=k8s.V1EnvVarSource(
                    field_ref=k8s.V1ObjectFieldSelector(api_version="v1", field_path="metadata.name")
                ),
            )
        ],
        ports=[k8s.V1ContainerPort(name="probe", container_port=PROBE_PORT, protocol="TCP")],
        liveness_probe=_probe("/livez", period=10, failures=3, delay=10),
        readiness_probe=_probe("/readyz", period=2, failures=3, delay=0),
        resources=k8s.V1ResourceRequirements(
            requests={"cpu": "50m", "memory": "128Mi"}, limits={"memory": "512Mi"}
        ),
        security_context=k8s.V1SecurityContext(
            allow_privilege_escalation=False,
            read_only_root_filesystem=True,
            capabilities=k8s.V1Capabilities(drop=["ALL"]),
        ),
    )


def _probe(path: str, *, period: int, failures: int, delay: int) -> k8s.V1Probe:
    return k8s.V1Probe(
        http_get=k8s.V1HTTPGetAction(path=path, port="probe"),
        initial_delay_seconds=delay,
        period_seconds=period,
        timeout_seconds=2,
        failure_threshold=failures,
    )


def _apart() -> k8s.V1Affinity:
    term = k8s.V1PodAffinityTerm(
        topology_key="kubernetes.io/hostname", label_selector=k8s.V1LabelSelector(match_labels=SELECTOR)
    )
    return k8s.V1Affinity(
        pod_anti_affinity=k8s.V1PodAntiAffinity(
            preferred_during_scheduling_ignored_during_execution=[
                k8s.V1WeightedPodAffinityTerm(weight=100, pod_affinity_term=term)
            ]
        )
    )


def _budget() -> k8s.V1PodDisruptionBudget:
    return k8s.V1PodDisruptionBudget(
        api_version="policy/v1",
        kind="PodDisruptionBudget",
        metadata=_meta(NAME),
        spec=k8s.V1PodDisruptionBudgetSpec(
            max_unavailable=1, selector=k8s.V1LabelSelector(match_labels=SELECTOR)
        ),
    )


def _policy() -> k8s.V1NetworkPolicy:
    """Allow only metrics in; out, the operator needs the API server and every Redis, wherever they are."""
    return k8s.V1NetworkPolicy(
        api_version="networking.k8s.io/v1",
        kind="NetworkPolicy",
        metadata=_meta(NAME),
        spec=k8s.V1NetworkPolicySpec(
            pod_selector=k8s.V1LabelSelector(match_labels=SELECTOR),
            policy_types=["Ingress"],
            ingress=[
                k8s.V1NetworkPolicyIngressRule(
                    ports=[k8s.V1NetworkPolicyPort(port=PROBE_PORT, protocol="TCP")]
                )
            ],
        ),
    )
