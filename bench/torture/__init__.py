"""The proof of delivery: clients talk through a faulty network to a server that is killed, and a checker judges.

`run` makes histories, `check` reads them. Neither believes the other, and `check` knows nothing but what was recorded.
"""
