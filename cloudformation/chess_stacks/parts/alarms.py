"""Alarms, and the dashboard that shows what they watch."""

import json
from dataclasses import dataclass
from typing import Any

from troposphere import Ref, Sub, cloudwatch, sns

from chess_stacks.parts import names
from chess_stacks.parts.stack import Draft


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """One metric and the line that it must not cross for `minutes` minutes."""

    name: str
    why: str
    namespace: str
    metric: str
    dimensions: tuple[tuple[str, Any], ...]
    statistic: str
    above: float | None = None
    below: float | None = None
    minutes: int = 5


def alarm(draft: Draft, watch: Watch, topic: sns.Topic) -> None:
    """Add an alarm that goes to the topic when the line is crossed, and again when that is over."""
    up = watch.above is not None
    draft.add(
        cloudwatch.Alarm(
            f"{watch.name}Alarm",
            AlarmDescription=f"{draft.profile.env}: {watch.why}",
            Namespace=watch.namespace,
            MetricName=watch.metric,
            Dimensions=[
                cloudwatch.MetricDimension(Name=name, Value=value) for name, value in watch.dimensions
            ],
            Statistic=watch.statistic,
            Period=60,
            EvaluationPeriods=watch.minutes,
            Threshold=watch.above if up else watch.below,
            ComparisonOperator="GreaterThanThreshold" if up else "LessThanThreshold",
            TreatMissingData="notBreaching",
            AlarmActions=[Ref(topic)],
            OKActions=[Ref(topic)],
            Tags=draft.tags(),
        )
    )


def dashboard(draft: Draft, watches: list[Watch]) -> None:
    """Add a dashboard with a graph of each metric, three in a row."""
    values: dict[str, Any] = {}
    widgets = []
    for index, watch in enumerate(watches):
        line: list[str] = [watch.namespace, watch.metric]
        for position, (name, value) in enumerate(watch.dimensions):
            variable = f"W{index}D{position}"
            values[variable] = value
            line += [name, f"${{{variable}}}"]
        widgets.append(_widget(index, watch, line))
    draft.add(
        cloudwatch.Dashboard(
            "Dashboard",
            DashboardName=names.stack_name(draft.profile.env, "overview"),
            DashboardBody=Sub(json.dumps({"widgets": widgets}, separators=(",", ":")), **values),
        )
    )


def _widget(index: int, watch: Watch, line: list[str]) -> dict[str, Any]:
    return {
        "type": "metric",
        "x": index % 3 * 8,
        "y": index // 3 * 6,
        "width": 8,
        "height": 6,
        "properties": {
            "title": watch.name,
            "region": "${AWS::Region}",
            "metrics": [line],
            "stat": watch.statistic,
            "period": 60,
        },
    }
