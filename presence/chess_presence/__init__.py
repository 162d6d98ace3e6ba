"""The contract between server and operator: live connections per pod, kept in Redis.

A server pod writes how many sockets it holds (`records`); the operator reads all records of a cluster in one atomic
call (`registry`) and draws a census from them (`census`, pure). Only Redis' clock decides which records have expired.
"""
