"""From scores to pages: statistics, figures, tables, the audit and the book."""
