"""A person's decisions: `findings` says what to look at, `board` shows it in a browser and takes what is decided."""
