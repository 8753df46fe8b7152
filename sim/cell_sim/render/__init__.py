"""Pictures and short videos of a cell, drawn off-screen by MuJoCo."""
