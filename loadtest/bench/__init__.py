"""The benchmark: bare Echo, Presettle, Settle, the stream and pgbench in interleaved rounds."""
