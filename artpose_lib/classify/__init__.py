"""A trained model on other pictures: `inputs` reads them, `model` opens a trial, `classify` writes a row a picture."""
