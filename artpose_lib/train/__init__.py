"""Recipes of Tables A.1 and A.2, the one-cycle schedule, and the trials that they make."""
