"""A network as plain PyTorch source, read off its modules: what holds for them holds for every kind of block.

`tree` turns modules into expressions, `unify` finds the class that several of them are uses of, `classes` does so for
the whole network from the inside out, `write` puts the file together. `parts` is what the file may need besides.
"""
