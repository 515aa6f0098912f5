"""STU3 resources → an ADA record of a transaction, by the tables that translate the other way (`definitions/ada`).

`assigning` says which rule each resource is of, `placing` where in the record its element stands, `filling` takes its
values back out of it, `checking` translates the result forward again and names what it does not say.
"""
