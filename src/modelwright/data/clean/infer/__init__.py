"""What whole columns show, never the target's relation to them; one file an operation.

Each ``infer`` looks at the distinct texts of one column and answers with the options of its operation, or
with ``None`` where the operation does not apply.
"""
