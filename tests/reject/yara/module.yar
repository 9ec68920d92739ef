import "none"
rule x { condition: true }
