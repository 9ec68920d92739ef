package = [==[a]]
