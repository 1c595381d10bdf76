"""SQL dumps: the tables in a text of CREATE TABLE, INSERT and COPY, parsed and never executed."""
