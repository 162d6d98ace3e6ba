"""Verdicts as the text that nftables reads."""

from chess_localcluster.netpol import rules
from chess_localcluster.netpol.verdicts import Allowed


def test_the_table_is_written_as_nftables_reads_it() -> None:
    allowed = Allowed(
        addresses=("10.0.0.0/8",), excluded=("10.1.0.0/16",), ports=(("tcp", "80"), ("udp", "53"))
    )
    text = rules.table({"10.88.0.2": (allowed,)}, {"10.88.0.3": ()})
    assert text.startswith("add table ip localcluster-netpol\ndelete table ip localcluster-netpol\n")
    assert "ip saddr { 10.0.0.0/8 } ip saddr != 10.1.0.0/16 tcp dport 80 return" in text
    assert "ip saddr { 10.0.0.0/8 } ip saddr != 10.1.0.0/16 udp dport 53 return" in text
    assert "ip saddr vmap { 10.88.0.3 : jump out-10-88-0-3 }" in text
    assert "ip daddr vmap { 10.88.0.2 : jump in-10-88-0-2 }" in text
    forward = text[text.index("chain forward") :]
    assert forward.index("out-10-88-0-3") < forward.index("in-10-88-0-2")
