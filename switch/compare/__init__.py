"""What of two policies differs, from when, in words. Pure: books in, changes out.

`facets` takes a term apart into named values, `conditions` puts a row's tests into words, `changes`
lays two books' values over one another day by day.
"""
