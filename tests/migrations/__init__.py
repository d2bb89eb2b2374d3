"""Tests of the migrations, on tables that hold rows."""
