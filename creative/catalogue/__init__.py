"""The catalogue of models: data files, their schema, and pure functions that read them.

`loader.current()` is the catalogue; `selection` knows what of it can be used today, `controls` and
`parameters` complete and check a request, `sizes` and `costs` say what it will give and cost.
"""
