"""What all views share: the format their numbers travel in, and the modules and styles they are built with."""
