"""What a run measures of itself: tensors in, columns and rows of plain numbers out."""
