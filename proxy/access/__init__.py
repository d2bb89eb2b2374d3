"""Who asks, and what they may: tokens, grants, addresses, origins, endpoints, keys."""
