"""What the tests of relying parties share."""

from tests.relying_party.house import node, running

__all__ = ["node", "running"]
