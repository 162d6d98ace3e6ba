"""The one exception that the command line turns into one line and exit code 1."""


class ClusterError(Exception):
    """An error that the user can act on; the message is the whole line shown."""
