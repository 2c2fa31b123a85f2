"""Reconciliation 对账: two records of the same business in, classified differences out. Pure."""
