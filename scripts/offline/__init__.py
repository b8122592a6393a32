"""Proof that nothing leaves the machine or the project's folders: each part run without network, its calls read."""
