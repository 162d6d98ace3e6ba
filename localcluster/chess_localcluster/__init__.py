"""A real Kubernetes on one Linux machine, for the demo and the tests.

The root is the command; each folder is one part of what it brings about. Each line knows only those below it, which a
contract in pyproject.toml holds::

    cli                                      the command line
    cluster, status, argocd                  `up` and `down`, what lives, Argo CD beside it
    preflight                                whether the machine is ready, before anything on it is changed
    node, stores                             the node that runs pods; Redis and PostgreSQL
    images, netpol                           images for the node; NetworkPolicies, as a process of their own
    build, controlplane                      programs from source; etcd, API server, controllers
    homes, processes, machine                who works on a home; processes that stay; Linux
    paths, plan, progress, errors            where things are, which addresses they have, what the user sees

docs/localcluster.md has the commands and what was measured, docs/decisions/0030 why it is built from Go modules.
"""
