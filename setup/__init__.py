"""What the first start makes, and what it then says to do next.

prepare      directories, secrets, a project, an administrator; a schema that fits
first_steps  four lines: admin, password, the next step, documents
"""
