"""What an integrator uses: a terminal's client, its outbox, a test card, a bill in few lines.

Knows the contract (`medswitch.v1`), the field's words (`switch.model`) and the signed bytes
(`switch.security`); never the server, the store or the rules. Synchronous, and safe under gevent.
"""
