"""What an organisation decides about the records of its own clients, and destroying one at her request."""
