"""Labels that are probably wrong, by predictions of models that had not seen them."""
