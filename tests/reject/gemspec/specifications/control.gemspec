s.name = "ab"
s.version = "1"
