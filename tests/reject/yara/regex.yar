rule x { strings: $a = /a(/ condition: $a }
