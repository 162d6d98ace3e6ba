"""RDS types with corrections, where troposphere refuses what AWS takes."""

from troposphere import rds
from troposphere.validators import double, integer


class ServerlessV2(rds.ServerlessV2ScalingConfiguration):
    """Scaling with a floor of 0, with which a cluster pauses when idle; troposphere refuses that."""

    props = {  # noqa: RUF012 - troposphere's own way to declare properties
        **rds.ServerlessV2ScalingConfiguration.props,
        "MinCapacity": (double, False),
        "MaxCapacity": (double, False),
        "SecondsUntilAutoPause": (integer, False),
    }


class AuroraCluster(rds.DBCluster):
    """A cluster that takes the corrected scaling configuration."""

    props = {**rds.DBCluster.props, "ServerlessV2ScalingConfiguration": (ServerlessV2, False)}  # noqa: RUF012 - as above


class Replica(rds.DBInstance):
    """A read replica has its source's storage and key; troposphere wants a size of its own."""

    def validate(self) -> None:
        """Leave the check to cfn-lint, which knows replicas."""
