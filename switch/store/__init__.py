"""PostgreSQL: the embedded server, migrations, the lane, and SQL for one subject a module.

Must not know: the wire. Values of `switch.model` go in and come out; no row type leaves here.
"""
