"""What kubectl is given: one document, whatever its version."""

import json

from chess_bench.cluster.kubectl import as_list


def test_all_objects_are_one_document_in_their_order() -> None:
    items = [{"kind": "Namespace", "metadata": {"name": "a"}}, {"kind": "Role", "metadata": {"name": "b"}}]
    assert json.loads(as_list(items)) == {"apiVersion": "v1", "kind": "List", "items": items}
