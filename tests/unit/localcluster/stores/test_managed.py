"""URLs of the stores beside the cluster."""

from chess_localcluster.stores.managed import urls


def test_stores_have_a_name_for_pods_and_an_address_for_this_machine() -> None:
    assert urls("postgres", "s3") == {
        "database.url": "postgresql://chess:s3@postgres.stores.svc.cluster.local:5432/chess",
        "database.host.url": "postgresql://chess:s3@10.88.0.1:5432/chess",
    }
