"""A record of birth care (ADA of PWD 3.2) as a record of another data set, by a table.

The tables are in `definitions/recasting`: every element of the other data set has a row, which says where its value
comes from or why birth care has none.  The door is `recast.recast`.
"""
