"""What a custodian adds to a record before it is kept: opaque ids, whose record it is, data group and shielded labels.

All of it is pure: tables from `definitions/`, the tenant's secret as an argument, no clock and no store.
"""
