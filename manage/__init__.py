"""JSON control plane, `/manage/*`: one module per resource."""
