"""What the first start makes: directories, secrets, a project, an administrator."""
