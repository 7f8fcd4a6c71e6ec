"""The acceptance matrix: every row a context on a virtual cluster, judged by what Home Assistant shows."""
