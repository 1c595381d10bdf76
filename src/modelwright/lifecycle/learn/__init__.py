"""Learning from feedback: from the log of a live model to a new snapshot, and to a decision on it.

``champion`` finds what the model that answers was made of, ``labelled`` what its feedback teaches,
``sides`` who may learn from which row, ``snapshot`` the rows and the goal of a new run, ``fresh`` both
versions' answers to rows that neither has seen, ``record`` the decision as it is kept.
``lifecycle/loop.py`` puts them in order.
"""
