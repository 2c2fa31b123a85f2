"""What if: posted settlements decided again under a candidate policy, and what would have changed.

`replay` carries one person's sums and balances through all of his settlements, `sums` adds up who
gains and loses, `reading` and `run` take whole persons out of the ledger in short statements and
spread them over processes, `page` and `chart` show the result. It only reads.
"""
