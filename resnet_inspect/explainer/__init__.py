"""What a net, a word or a finding means, told in a reader's language; every number is read off the graph."""
