"""The revisions, one file a number."""
