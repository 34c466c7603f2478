"""Pages: what people see, rendered on the server; the modules in static/ only make them livelier."""
