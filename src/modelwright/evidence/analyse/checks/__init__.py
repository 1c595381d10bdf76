"""The checks, one a file; ``modelwright.evidence.analyse.check`` lists them."""
