"""Who was searched for in an emergency: the region tells each organisation that keeps her, asked or not."""
