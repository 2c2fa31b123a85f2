"""The story of a request, step by step. No SQL, no gRPC: the outside is a Protocol in `ports`."""
