"""The conformance kit: plays a source, misbehaves on purpose, and judges whoever reads it."""
