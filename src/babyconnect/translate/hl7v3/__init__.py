"""ADA → HL7 version 3 and CDA: messages written by tables, one row per element of the message.

`rows` reads the tables, `sites` walks the record, `fills` writes values, `build` makes the tree, `coverage` says what
of the record did not come along, `message` is the door.  Columns: `definitions/hl7v3/README.md`.
"""
