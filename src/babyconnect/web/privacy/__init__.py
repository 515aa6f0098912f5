"""The privacy officer's pages, `/viewer/privacy`, and the client's page of who looked at her record (NEN 7513)."""
