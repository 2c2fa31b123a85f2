"""A synthetic province, reproducible from a number: for the demonstration, load and tests.

Nobody in it exists: names begin with 测试, numbers are invented and only well formed. Its keys come
from the same number, so whoever knows it knows them: TEST USE, never a real province's.
"""

from switch.seed.province import NotEmpty, Seeded, Size, demonstration, seed

__all__ = ["NotEmpty", "Seeded", "Size", "demonstration", "seed"]
