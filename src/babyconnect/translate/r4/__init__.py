"""STU3 to R4 by tables: what R4 does differently with an element is a row, what it does not is the same.

Source: HL7 FHIR R4 (4.0.1), "R3 Diff" of each type; Nictiz' zib2020 (nl-core) for profiles, codes and extensions.
"""
