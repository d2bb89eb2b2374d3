"""`export` and `import`: moving everything from one database to another."""
