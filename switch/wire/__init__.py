"""The codec: the contract's messages to the model's words and back, and nothing else.

Read `codec` first (what the switch asks of it), then `decode` and `lines` (what is refused, and
how it is said), `encode` (what is answered), `parse` (bytes that are no message of ours).

Must not know: SQL, sockets, sessions, rules. It is the only package that knows both sides.
"""
