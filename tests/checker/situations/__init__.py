"""Whole situations of the acceptance matrix, played on the simulator, in clusters that have little in common."""
