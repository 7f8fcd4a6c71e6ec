"""What the facts mean: pure judgement without Home Assistant, input, output or a clock of its own."""
