"""What leaves the house on paper, and tables where two answers meet."""
