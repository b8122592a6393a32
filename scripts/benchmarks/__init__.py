"""What `python -m scripts.benchmark` measures, a module for each section."""
