"""The regional services and their clients: addresses, pseudonyms, pointers and consents; never clinical content.

Each folder is one service: what travels (`resources`), what the region runs (`service`), what a node runs (`client`
or `replica`).

Specifications: mCSD (ITI-90/91), GF Localisatie (`List`), PRS (OPRF), IHE PCF (`Consent`); trust §4, §5.
"""
