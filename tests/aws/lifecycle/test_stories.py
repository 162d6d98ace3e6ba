"""What happens to people between deploy and destroy, in the dev profile against the emulator."""

import datetime
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import render
import yaml

from chess_stacks.synth import values

from .conftest import CommandLine

pytestmark = [pytest.mark.aws, pytest.mark.timeout(240)]
GROUND = ("--stack", "bootstrap", "--stack", "delivery", "--stack", "network")
JSON = ("--output", "json")


def results(document: Any) -> dict[str, str]:
    return {stack["stack"]: stack["result"] for stack in document["stacks"]}


def test_a_first_deployment_that_failed_is_cleared_and_goes_on(chess: CommandLine) -> None:
    failed = chess.run("deploy", *JSON, overlay={"cache": {"node_type": "cache.unobtainable.large"}})
    assert failed.code == 1
    assert chess.statuses()["chess-dev-data-cache"] == "ROLLBACK_COMPLETE"
    waiting = {
        stack["stack"]: stack["reason"] for stack in failed.document["stacks"] if stack["result"] == "waiting"
    }
    assert "data-cache" in waiting["observability"]

    second = chess.run("deploy", *JSON)
    assert second.code == 0, second.out
    verdicts = results(second.document)
    assert verdicts["data-cache"] == verdicts["observability"] == "created"
    assert verdicts["network"] == "unchanged"


def test_a_change_set_that_was_never_carried_out_is_taken_over(chess: CommandLine) -> None:
    assert chess.run("deploy", *JSON, "--stack", "bootstrap").code == 0
    cloud = chess.client("cloudformation")
    tags = {"chess:env": "dev", "chess:stack": "delivery", "chess:managed-by": "chess-stacks"}
    cloud.create_change_set(
        StackName="chess-dev-delivery",
        ChangeSetName="chess-stacks-cut-off",
        ChangeSetType="CREATE",
        TemplateBody=json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}),
        Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
    )
    assert chess.statuses()["chess-dev-delivery"] == "REVIEW_IN_PROGRESS"
    assert chess.run("deploy", *JSON, "--stack", "delivery").code == 0
    assert chess.statuses()["chess-dev-delivery"] == "CREATE_COMPLETE"


def test_a_stack_of_somebody_else_is_left_alone(chess: CommandLine) -> None:
    body = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})
    chess.client("cloudformation").create_stack(StackName="chess-dev-bootstrap", TemplateBody=body)
    refused = chess.run("deploy", *JSON)
    assert refused.code == 3
    assert "chess-stacks did not make it" in refused.document["error"]
    assert chess.statuses() == {"chess-dev-bootstrap": "CREATE_COMPLETE"}


def test_another_account_than_the_profiles_is_refused(chess: CommandLine) -> None:
    refused = chess.run("deploy", *JSON, overlay={"account": "999999999999"})
    assert refused.code == 3
    assert (
        f"belong to account {chess.account}, and the profile allows only 999999999999"
        in refused.document["error"]
    )
    assert chess.statuses() == {}


def test_the_operators_weights_survive_a_deployment(chess: CommandLine) -> None:
    assert chess.run("deploy", *JSON).code == 0
    elb = chess.client("elbv2")
    raw = chess.run("outputs", *JSON, "--view", "raw").document["edge-regional"]
    shifted = {raw["BlueTargetGroupArn"]: 30, raw["GreenTargetGroupArn"]: 70}
    targets = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in shifted.items()]
    action = {"Type": "forward", "ForwardConfig": {"TargetGroups": targets}}
    elb.modify_rule(RuleArn=raw["ListenerRuleArn"], Actions=[action])

    untouched = chess.run("deploy", *JSON)
    assert results(untouched.document)["edge-regional"] == "unchanged"
    assert _weights(elb, raw["ListenerRuleArn"]) == shifted

    changed = chess.run("deploy", *JSON, overlay={"edge": {"websocket_paths": ["/play/*"]}})
    assert changed.code == 0, changed.out
    (regional,) = [stack for stack in changed.document["stacks"] if stack["stack"] == "edge-regional"]
    assert {change["logical_id"] for change in regional["changes"]} == {"GameRule"}
    assert _weights(elb, raw["ListenerRuleArn"]) == shifted


def test_what_the_user_names_may_lose_its_data(chess: CommandLine) -> None:
    assert chess.run("deploy", *JSON).code == 0
    other = {"database": {"kind": "aurora", "version": "17.9", "capacity": "serverless"}}
    refused = chess.run("deploy", *JSON, overlay=other)
    assert refused.code == 3
    flags = [word for word in refused.document["advice"].split() if word.startswith("data-rds/")]
    allowed = [part for flag in flags for part in ("--allow-replace", flag)]
    done = chess.run("deploy", *JSON, *allowed, overlay=other)
    assert done.code == 0, done.out
    policy = chess.client("cloudformation").get_stack_policy(StackName="chess-dev-data-rds")[
        "StackPolicyBody"
    ]
    (denied,) = [entry for entry in json.loads(policy)["Statement"] if entry["Effect"] == "Deny"]
    assert "LogicalResourceId/Cluster" in denied["Resource"], (
        "the policy stands again, over what is there now"
    )


def test_ctrl_c_stops_politely_and_the_next_run_goes_on(chess: CommandLine) -> None:
    command = [str(Path(sys.executable).parent / "chess-stacks"), "--endpoint-url", chess.address, "deploy"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr is not None
        for line in running.stderr:
            if "bootstrap" in line and "creating" in line:
                break
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=120)
    assert running.returncode == 1
    assert "Traceback" not in out + err
    assert "waits for" in out
    assert chess.run("deploy", *JSON).code == 0
    assert set(chess.statuses().values()) <= {"CREATE_COMPLETE", "UPDATE_COMPLETE"}


def test_a_home_region_elsewhere_keeps_the_edge_in_us_east_1(chess: CommandLine) -> None:
    away = {"region": "eu-central-1"}
    done = chess.run("deploy", *JSON, overlay=away)
    assert done.code == 0, done.out
    assert set(chess.statuses()) == {"chess-dev-edge-global"}
    assert chess.run("outputs", *JSON, overlay=away).document["region"] == "eu-central-1"
    gone = chess.run("destroy", *JSON, "--confirm", "dev", "--no-drain", "--empty-buckets", overlay=away)
    assert gone.code == 0, gone.out
    assert set(results(gone.document)) == set(results(done.document))


def test_outputs_are_valid_values_without_a_secret(chess: CommandLine, tmp_path: Path) -> None:
    early = chess.run("outputs")
    assert early.code == 1
    assert "run `deploy` first" in early.err

    assert chess.run("deploy", *JSON).code == 0
    file = tmp_path / "values.yaml"
    assert chess.run("outputs", "--out", str(file)).code == 0
    tree = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert values.Values.model_validate(tree).environment == "dev"
    # what `make manifests` makes of it
    rendered = render.aws_values(tree, "9.9.9", "-----BEGIN CERTIFICATE-----\n")
    assert rendered["externalSecrets"]["redis"]["remoteKey"] == tree["redis"]["secretArn"]
    secret = chess.client("secretsmanager").get_secret_value(SecretId=tree["redis"]["secretArn"])[
        "SecretString"
    ]
    password = json.loads(secret)["password"] if secret.startswith("{") else secret
    assert password
    assert password not in file.read_text(encoding="utf-8")


def test_a_stack_that_the_profile_turns_off_is_reported_and_destroyed_with_the_rest(
    chess: CommandLine,
) -> None:
    assert chess.run("deploy", *JSON).code == 0
    without = {"observability": {"enabled": False}}
    assert chess.run("diff", *JSON, overlay=without).document["turned_off"] == ["observability"]
    undrained = chess.run("destroy", *JSON, "--confirm", "dev", overlay=without)
    assert undrained.code == 3, "the emulator has no Kubernetes behind its cluster, so nothing can be drained"
    assert "--no-drain" in undrained.document["advice"]
    assert set(chess.statuses().values()) == {"CREATE_COMPLETE"}
    gone = chess.run("destroy", *JSON, "--confirm", "dev", "--no-drain", "--empty-buckets", overlay=without)
    assert gone.code == 0, gone.out
    assert results(gone.document)["observability"] == "deleted"


def test_a_bucket_that_is_not_empty_stands_in_the_way_until_it_is_emptied(chess: CommandLine) -> None:
    assert chess.run("deploy", *JSON, "--stack", "bootstrap").code == 0
    bucket = chess.run("outputs", *JSON, "--view", "raw").document["bootstrap"]["ArtifactBucketName"]
    chess.client("s3").put_object(Bucket=bucket, Key="notes", Body=b"kept")
    stuck = chess.run("destroy", *JSON, "--confirm", "dev", "--no-drain")
    assert stuck.code == 1
    (outcome,) = stuck.document["stacks"]
    assert outcome["status"] == "DELETE_FAILED"
    assert "ArtifactBucket" in outcome["reason"]
    assert "--retain" in outcome["advice"]
    gone = chess.run("destroy", *JSON, "--confirm", "dev", "--no-drain", "--empty-buckets")
    assert gone.code == 0, gone.out


def test_a_stack_that_there_is_not_is_no_stack_to_destroy(chess: CommandLine) -> None:
    mistyped = chess.run("destroy", *JSON, "--confirm", "dev", "--stack", "data-rsd")
    assert mistyped.code == 1
    assert "--stack 'data-rsd': unknown; the stacks are " in mistyped.document["error"]
    assert chess.run("destroy", *JSON, "--confirm", "dev", "--stack", "data-rds").document["stacks"] == []


def test_what_cannot_be_deleted_can_be_given_up_by_name(chess: CommandLine) -> None:
    assert chess.run("deploy", *JSON, "--stack", "bootstrap").code == 0
    bucket = chess.run("outputs", *JSON, "--view", "raw").document["bootstrap"]["ArtifactBucketName"]
    chess.client("s3").put_object(Bucket=bucket, Key="notes", Body=b"kept")
    gone = chess.run("destroy", *JSON, "--confirm", "dev", "--no-drain", "--retain", "ArtifactBucket")
    assert gone.code == 0, gone.out
    (outcome,) = gone.document["stacks"]
    assert any("ArtifactBucket" in line and bucket in line for line in outcome["kept"])


def test_what_is_kept_and_what_is_left_is_reported_as_it_is(chess: CommandLine) -> None:
    stacks = [
        argument for key in ("bootstrap", "delivery", "network", "security") for argument in ("--stack", key)
    ]
    keeping = {"keep_data": True}
    assert chess.run("deploy", *JSON, *stacks, overlay=keeping).code == 0
    gone = chess.run("destroy", "--confirm", "dev", "--no-drain", overlay=keeping)
    assert gone.code == 0, gone.out
    kept, _, left = gone.out.partition("kept on purpose")[2].partition("still in the account")
    assert f":{chess.account}:secret:chess-dev-security-TokenKey" in kept
    assert (
        f"arn:aws:ecr:us-east-1:{chess.account}:repository/chess-dev/chess-server (made by a stack)" in left
    )


def test_a_key_that_goes_by_itself_is_reported_so(chess: CommandLine) -> None:
    assert chess.run("deploy", *JSON, "--stack", "bootstrap").code == 0
    gone = chess.run("destroy", *JSON, "--confirm", "dev", "--no-drain", "--empty-buckets")
    (key,) = gone.document["leftovers"]
    assert ":kms:" in key["arn"]
    assert datetime.date.fromisoformat(key["going"]) > datetime.datetime.now(tz=datetime.UTC).date()


def test_what_is_protected_by_its_service_is_reported_first_and_lifted_when_asked(chess: CommandLine) -> None:
    guarded = {"database": {"deletion_protection": True}, "eks": {"deletion_protection": True}}
    assert chess.run("deploy", *JSON, overlay=guarded).code == 0
    elb, rds, eks = chess.client("elbv2"), chess.client("rds"), chess.client("eks")
    balancer = elb.describe_load_balancers()["LoadBalancers"][0]["LoadBalancerArn"]
    flag = {"Key": "deletion_protection.enabled", "Value": "true"}
    elb.modify_load_balancer_attributes(LoadBalancerArn=balancer, Attributes=[flag])
    databases = [found["DBInstanceIdentifier"] for found in rds.describe_db_instances()["DBInstances"]]

    refused = chess.run("destroy", *JSON, "--confirm", "dev")
    assert refused.code == 3
    for name in (*databases, "eks-control/Cluster", balancer, "stack chess-dev-data-rds"):
        assert name in refused.document["error"]
    assert set(chess.statuses().values()) == {"CREATE_COMPLETE"}
    assert all(found["DeletionProtection"] for found in rds.describe_db_instances()["DBInstances"])
    assert eks.describe_cluster(name="chess-dev")["cluster"]["deletionProtection"]

    gone = chess.run("destroy", *JSON, "--confirm", "dev", "--no-drain", "--unprotect")
    assert gone.code == 0, gone.out
    assert set(chess.statuses().values()) <= {"DELETE_COMPLETE"}


def test_the_emulator_refuses_to_delete_a_protected_database_as_aws_does(chess: CommandLine) -> None:
    """Without this the test above would pass with a command that lifts nothing."""
    upto = ("bootstrap", "delivery", "network", "security", "data-rds")
    stacks = [argument for key in upto for argument in ("--stack", key)]
    guarded = {"database": {"deletion_protection": True}}
    assert chess.run("deploy", *JSON, *stacks, overlay=guarded).code == 0
    cloud = chess.client("cloudformation")
    cloud.update_termination_protection(StackName="chess-dev-data-rds", EnableTerminationProtection=False)
    only_stacks = chess.run("destroy", *JSON, "--confirm", "dev", "--stack", "data-rds")
    assert only_stacks.code == 3
    assert "data-rds/Primary (AWS::RDS::DBInstance " in only_stacks.document["error"]
    kept = ("--retain", "Primary", "--retain", "Replica1")
    given_up = chess.run("destroy", "--confirm", "dev", "--stack", "data-rds", *kept)
    assert "cannot be deleted while deletion protection is enabled" in given_up.err
    assert "Primary (AWS::RDS::DBInstance)" in given_up.out.partition("kept on purpose")[2]


def test_the_doctor_calls_nothing_fine_that_it_could_not_ask(chess: CommandLine) -> None:
    found = {check["name"]: check for check in chess.run("doctor", *JSON).document["checks"]}
    assert found["credentials"]["verdict"] == "ok"
    assert chess.account in found["credentials"]["detail"]
    assert found["quota EKS clusters"]["verdict"] == "unknown"
    assert chess.run("doctor", *JSON, overlay={"account": "999999999999"}).code == 1


def test_progress_is_shown_per_resource_with_its_time(chess: CommandLine) -> None:
    ran = chess.run("deploy", *GROUND)
    assert ran.code == 0, ran.err
    assert "CREATE_COMPLETE Vpc (AWS::EC2::VPC)" in ran.err
    assert "chess-dev-network" in ran.out
    assert chess.account not in ran.err, "the access key is the account's number here"


def _weights(elb: Any, rule: str) -> dict[str, int]:
    (found,) = elb.describe_rules(RuleArns=[rule])["Rules"]
    targets = found["Actions"][0]["ForwardConfig"]["TargetGroups"]
    return {target["TargetGroupArn"]: target["Weight"] for target in targets}
