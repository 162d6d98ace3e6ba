"""One thing that a rule found in a template."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Finding:
    """Where and what; `resource` is a logical id, or empty for the template as a whole."""

    stack: str
    rule: str
    resource: str
    message: str

    def __str__(self) -> str:
        where = f"{self.stack}/{self.resource}" if self.resource else self.stack
        return f"{where}: {self.rule}: {self.message}"
