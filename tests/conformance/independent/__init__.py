"""The independent checker (HAPI FHIR) beside our own."""
