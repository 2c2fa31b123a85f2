"""Corrections of the past: who is affected by what was found later, by how much, and posting it.

Lists by the pure engine, from stored claims in order; posts only what an officer proposed and
another approved, through the one posting function.
"""
