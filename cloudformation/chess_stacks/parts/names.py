"""Every name that more than one place must spell alike: stacks, SSM paths, parameters, role outputs. Pure.

Physical names of resources stay unset wherever CloudFormation may have to replace the resource, so what is
named here is what people and other programs look things up by.
"""

from typing import Final

PREFIX: Final = "chess"
BOOTSTRAP: Final = "bootstrap"
DELIVERY: Final = "delivery"
GLOBAL_REGION: Final = "us-east-1"


def stack_name(env: str, key: str) -> str:
    """Return CloudFormation's name of a stack: `chess-prod-network`."""
    return f"{PREFIX}-{env}-{key}"


def output_path(env: str, key: str, output: str) -> str:
    """Return the SSM parameter that repeats an output: `/chess/prod/network/VpcId`."""
    return f"/{PREFIX}/{env}/{key}/{output}"


def pascal(key: str) -> str:
    """Turn `data-rds` into `DataRds`, as logical ids allow letters and digits only."""
    return "".join(part[:1].upper() + part[1:] for part in key.replace("_", "-").split("-"))


def parameter_name(key: str, output: str) -> str:
    """Return the template parameter that receives an upstream output: `NetworkVpcId`."""
    return f"{pascal(key)}{output}"


def execution_role_output(key: str) -> str:
    """Return the output of the delivery stack that has the ARN of a stack's execution role."""
    return f"ExecutionRole{pascal(key)}"


def cluster_name(env: str) -> str:
    """Return the name of the EKS cluster: tags and access entries need it before the cluster exists."""
    return f"{PREFIX}-{env}"
