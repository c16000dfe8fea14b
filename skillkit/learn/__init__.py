"""Many tasks trained into one network. Needs torch: ``pip install 'skillkit[learn]'``."""
