"""The administrator's pages of a node, `/viewer/beheer`: the versions of the rules of access."""
