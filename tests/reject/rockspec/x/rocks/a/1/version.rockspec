package = "a"
version = 1
