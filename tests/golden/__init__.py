"""The golden set: recorded answers of the public interface, which must stay the same."""
