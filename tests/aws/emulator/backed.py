"""An EKS cluster with a real Kubernetes behind it: the one whose kubeconfig its tag `emulator:kubeconfig` names.

ministack would start k3s by Docker. Here DescribeCluster answers with the address and the certificate authority of an
API server that a test has started, so that the command line reaches it as it would reach EKS'.
"""

import json
import re
from pathlib import Path
from typing import Any

from ministack.services import eks

TAG = "emulator:kubeconfig"
_DESCRIBE = re.compile(r"/clusters/([\w-]+)")


def apply() -> None:
    """Answer DescribeCluster from the kubeconfig of a cluster that is tagged so."""
    answer = eks._handle_request_sync

    def answered(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        found = _DESCRIBE.fullmatch(path)
        cluster = eks._clusters.get(found[1]) if found and method == "GET" else None
        if cluster and (named := eks._tags.get(cluster["arn"], {}).get(TAG)):
            # localcluster writes its kubeconfig as JSON, which is YAML too.
            (behind,) = json.loads(Path(named).read_text())["clusters"]
            cluster["endpoint"] = behind["cluster"]["server"]
            cluster["certificateAuthority"] = {"data": behind["cluster"]["certificate-authority-data"]}
        return answer(method, path, headers, body, query)

    eks._handle_request_sync = answered
