"""The processes of a server: a supervisor, workers that answer, and a keeper for what is not answering."""
