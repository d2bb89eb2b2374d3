"""What the data plane does about objects that upstream accounts keep."""
