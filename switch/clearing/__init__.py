"""Clearing 清算: what a closed period comes to, for institutions and between regions. Pure."""
