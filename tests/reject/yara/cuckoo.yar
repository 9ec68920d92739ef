import "cuckoo"
rule x { condition: cuckoo.network.host(/x/) }
