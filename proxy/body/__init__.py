"""What has to be known of a request's body: read in parts, bounded in bytes and steps."""
