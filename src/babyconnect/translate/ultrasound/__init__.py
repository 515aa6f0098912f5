"""An ultrasound export → FHIR STU3, by way of the data set: what stands in the export becomes data elements of the
transaction echo (PWD 3.2) and a few beyond it, and ADA's engine makes the resources of those, so that an examination
says the same whichever way it came."""
