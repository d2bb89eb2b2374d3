"""HTTP/1 for clients: framing, connections and their bounds, and the seam to the data plane."""
