"""The demonstration: a province, a running switch, and its cases over a real channel."""
