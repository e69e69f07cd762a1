"""The people and companies who buy."""
