"""Pages that people read: markup that escapes by itself, one style, and the words of the field.

Pure: text in, text out. A page is one file without script, fonts or pictures from elsewhere, and
prints on A4.
"""
