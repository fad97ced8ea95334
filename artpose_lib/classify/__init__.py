"""A trained model on other pictures: a collection in, a row of probabilities a picture out."""
