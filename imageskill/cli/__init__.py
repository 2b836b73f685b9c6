"""The thin command-line client `image-skill`: the standard library, and nothing of the house.

`commands` is the table of commands and the pure reading of a command line; the service imports it too. All else
here runs on the caller's machine, and is loaded only by the command that needs it.
"""
