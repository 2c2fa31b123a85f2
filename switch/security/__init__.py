"""The switch's cryptography: pure functions over bytes, and the vault that holds the keys.

Read `suite` first (ciphers and MACs), then `encode`, `mac` and `kdf` (terminals), `keys` and
`card_proof` (cards), `seal` (the ledger's chain), and last `custody`, `tree` and `vault` (keys at
rest and in use).

Must not know: gRPC, protobuf, SQL, the clock, random numbers, files. Random bytes and the present
time are handed in. This package is the only one that imports `cryptography`.
"""
