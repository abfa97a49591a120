"""JSON Schema of the configuration's files, made from the records that read them, for editors and for completion."""
