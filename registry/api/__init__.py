"""The GraphQL API: what the rooms know, as one typed graph; strawberry lives only here."""
