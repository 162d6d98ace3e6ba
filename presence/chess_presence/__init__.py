"""The one contract that server and operator share: live connections per pod, kept in Redis.

A server pod states absolutely how many sockets it holds (`records`), the operator reads all statements of
a cluster in one atomic call (`registry`) and draws a census from them (`census`, pure). Redis' clock alone
decides what has expired.
"""
