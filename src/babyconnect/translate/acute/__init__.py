"""The acute handover 2.1 (REPC_IN002120NL, first to second line) → STU3, and any STU3 record → an acute handover.

Two steps each way, over a tree of the data set's own concepts: `from_message` reads the rows of the message backwards
(`translate.hl7v3` writes by them); `to_stu3` and `to_acute` map concepts to resources and back by `definitions/acute`
(`placing`: which resource goes where).
"""
