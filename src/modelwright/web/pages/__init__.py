"""One page a file: it reads, makes a view, and fills a template."""
