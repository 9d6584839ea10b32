"""The project itself: packaging, floors, imports, documents."""
