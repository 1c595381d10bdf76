"""The test: sealed rows opened once and scored through the graph that ships."""
