"""FHIRPath expressions as Python functions: what an invariant says, ready to be asked of an element.

A function takes a collection (list) and what is around it, and gives a collection.  Only what the table of invariants
uses is known here; an expression with something else in it is a ValueError at the moment of compiling (a test compiles
them all).
"""

from babyconnect.fhir.profiles.fhirpath.compiling import compiled
from babyconnect.fhir.profiles.fhirpath.values import Around, Primitive

__all__ = ["Around", "Primitive", "compiled"]
