import "magic"
rule x { condition: magic.type() contains "x" }
