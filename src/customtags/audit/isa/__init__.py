"""Reading machine code: the functions of a file, what their instructions require, and what follows for every CPU."""
