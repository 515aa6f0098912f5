"""Rows of the templates for small sources → an ADA record of PWD 3.2, by tables (`definitions/tabular`), then STU3.

Between rows and STU3 stands the data set: the tables that translate ADA are the only ones that know FHIR.
"""
