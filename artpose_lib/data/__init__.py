"""What a data set is: a folder of pictures and metadata.csv, its divisions, near-duplicates, decisions and exports."""
