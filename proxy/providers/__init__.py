"""Upstream APIs as data: endpoints, how a key is presented, where usage stands."""
