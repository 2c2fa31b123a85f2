"""medswitch: the clearing switch between institutions and the medical insurance funds.

Data flows one way: wire → authenticate → validate card → adjudicate → post → reply. Imports go
down only; the README draws the map.
"""
