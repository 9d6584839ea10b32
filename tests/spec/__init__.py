"""The language, page by page: each Markdown file is a suite of tests."""
