"""Labels out of the store and into it, in formats that others read and write."""
