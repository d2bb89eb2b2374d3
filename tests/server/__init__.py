"""Tests of server/: the front door, without and with a socket."""
