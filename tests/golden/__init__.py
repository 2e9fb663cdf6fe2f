"""The golden set: what the public face answered once, recorded, and what it must still answer."""
