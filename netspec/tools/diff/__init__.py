"""Says what an edit of a spec changes: its layers, its costs, its training, and which checkpoints still load. Floor 5.

`compare.compare` takes two proved specs and gives a `Difference`; `text_form`, `json_form` and `markdown_form` write it.
"""
