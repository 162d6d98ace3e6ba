"""A real Kubernetes on one Linux machine, for the demo and the tests.

Layers, each of which knows only those below it::

    cli                                      what a person types
    cluster, node, images, stores            what happens, in order
    components, objects, certificates, …     what shall be: pure, from a Plan to arguments and files
    processes, network, binaries, api        the machine: processes, kernel, compiler, API server

Why it is built from Go modules, and what was measured, stands in docs/localcluster.md.
"""
