"""The JSON twin: round trips, reading, schema, conversion, migration."""
