"""Gatehouse: a federated identity and delegated-access server."""
