"""The README, played from a clean clone by somebody who has nothing: `make readme`."""
