"""Problems as data, and the ways to show them. Floor 0.

`base` holds the classes' root; each other module that defines `Diagnostic` classes is a family (`names`, `environment`, …), listed by
`catalog`. `render` draws text, `formats` writes JSON, SARIF and GitHub annotations, `suggest` finds the nearest name.
"""
