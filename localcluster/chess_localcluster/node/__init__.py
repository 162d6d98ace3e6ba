"""The one node of the machine: its configuration, network, control groups and containers."""
