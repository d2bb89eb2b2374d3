"""How requests reach the planes: strict HTTP/1 framing (`http`), and the processes (`process`)."""
