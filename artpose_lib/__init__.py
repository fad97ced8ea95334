"""artpose: can networks trained on photographs learn six art-historical poses?"""

__version__ = "0.1.0"
