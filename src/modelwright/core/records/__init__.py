"""The edges of the process: what each stage makes, frozen, typed and JSON both ways."""
