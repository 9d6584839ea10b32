"""Problems of data: chains, fields, files and records."""
