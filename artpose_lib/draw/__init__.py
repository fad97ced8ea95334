"""The embedded data set: drawn artworks of the six poses, about which everything is known, so that the report runs with
no download and an experiment can swap backgrounds. None is a museum's picture."""
