"""What bin/* is made of: programs about this repository. The package `parlour` knows none of them."""
