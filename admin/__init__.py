"""HTML control plane, `/admin/*`: one module per page family."""
