"""The acceptance matrix: every row a situation on a virtual cluster, judged by what Home Assistant shows."""
