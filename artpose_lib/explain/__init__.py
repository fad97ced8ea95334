"""What a network sees: feature maps, what their filters answer to, and the pages that show them."""
