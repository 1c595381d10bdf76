"""Fits on the nodes of a Ray cluster, with the journal of one machine.

``pool`` is what the race sees. It speaks in JSON lines to ``driver``, a process of its own that alone imports
Ray; ``node`` is what runs on the cluster; ``address`` says what the goal's ``engine`` means.
"""
