"""Policy as dated data, and the pure function that decides a claim by it."""
