"""What the pages show, read from the folders of live models and runs; what is not there yet is said."""
