"""How much a change hurts."""

import pytest

from chess_stacks.account.changes import Change, Detail, Recreation
from chess_stacks.deploy import grading
from chess_stacks.deploy.grading import Grade
from chess_stacks.parts.retention import STATEFUL

NODES, DATABASE, ROLE = "AWS::EKS::Nodegroup", "AWS::RDS::DBInstance", "AWS::IAM::Role"


def modify(
    resource_type: str, name: str, recreation: Recreation = "Never", replacement: str = "False"
) -> Change:
    detail = Detail(attribute="Properties", name=name, recreation=recreation)
    return Change(
        action="Modify",
        logical_id="Thing",
        resource_type=resource_type,
        replacement=replacement,
        details=(detail,),
    )


def remove(resource_type: str, policy: str = "Delete") -> Change:
    return Change(action="Remove", logical_id="Thing", resource_type=resource_type, policy_action=policy)


def schema_answers(answer: Recreation) -> grading.Lookup:
    return lambda _type, _name: answer


@pytest.mark.parametrize(
    "change,schema,expected,reason",
    [
        pytest.param(
            Change(action="Add", logical_id="Thing", resource_type=DATABASE),
            "Never",
            Grade.NONE,
            "new",
            id="new",
        ),
        pytest.param(modify(ROLE, "Description"), "Never", Grade.NONE, "in place", id="harmless"),
        pytest.param(
            modify(DATABASE, "DBInstanceClass"), "Never", Grade.INTERRUPT, "some interruption", id="restarts"
        ),
        pytest.param(
            modify(NODES, "InstanceTypes", "Always", "True"),
            "Always",
            Grade.REPLACE,
            "replaced because of InstanceTypes",
            id="replaced",
        ),
        pytest.param(
            modify(NODES, "InstanceTypes", "Never"),
            "Always",
            Grade.REPLACE,
            "replaced because of InstanceTypes",
            id="the-schema-is-stricter-than-cloudformation",
        ),
        pytest.param(
            modify(NODES, "Taints", "Always", "True"),
            "Never",
            Grade.REPLACE,
            "replaced because of Taints",
            id="cloudformation-is-stricter-than-the-schema",
        ),
        pytest.param(
            modify(ROLE, "Path", "Conditionally"),
            "Never",
            Grade.REPLACE,
            "may be replaced because of Path",
            id="perhaps-replaced",
        ),
        pytest.param(
            modify(DATABASE, "Engine", "Always", "True"),
            "Always",
            Grade.DATA_LOSS,
            "replaced because of Engine",
            id="replaced-with-data",
        ),
        pytest.param(
            modify(DATABASE, "Engine", "Conditionally"),
            "Never",
            Grade.DATA_LOSS,
            "may be replaced because of Engine",
            id="perhaps-replaced-with-data",
        ),
        pytest.param(
            remove(DATABASE), "Never", Grade.DATA_LOSS, "removed from the template", id="removed-with-data"
        ),
        pytest.param(
            remove(DATABASE, "Snapshot"),
            "Never",
            Grade.DATA_LOSS,
            "removed from the template (kept: snapshot)",
            id="a-snapshot-does-not-serve-players",
        ),
        pytest.param(remove(ROLE), "Never", Grade.INTERRUPT, "removed from the template", id="removed"),
    ],
)
def test_grades_a_change(change: Change, schema: Recreation, expected: Grade, reason: str) -> None:
    graded = grading.grade(change, schema_answers(schema))
    assert (graded.grade, graded.reason) == (expected, reason)


@pytest.mark.parametrize("kind", sorted(STATEFUL))
def test_removing_whatever_holds_data_loses_it(kind: str) -> None:
    assert grading.grade(remove(kind), schema_answers("Never")).grade is Grade.DATA_LOSS


def test_attributes_such_as_tags_never_replace() -> None:
    tags = Detail(attribute="Tags", name="", recreation="Never")
    change = Change(action="Modify", logical_id="Thing", resource_type=DATABASE, details=(tags,))
    assert grading.grade(change, schema_answers("Always")).grade is Grade.NONE


def test_the_worst_property_decides() -> None:
    details = (
        Detail(attribute="Properties", name="DBInstanceClass", recreation="Never"),
        Detail(attribute="Properties", name="Engine", recreation="Always"),
    )
    change = Change(action="Modify", logical_id="Thing", resource_type=DATABASE, details=details)
    graded = grading.grade(change, lambda _type, name: "Always" if name == "Engine" else "Never")
    assert [prop.grade for prop in graded.properties] == [Grade.INTERRUPT, Grade.REPLACE]
    assert graded.grade is Grade.DATA_LOSS
    assert grading.worst([graded]) is Grade.DATA_LOSS


def test_labels_are_the_documented_words() -> None:
    assert [grade.label for grade in Grade] == ["none", "interrupt", "replace", "data-loss"]
