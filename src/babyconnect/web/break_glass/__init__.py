"""Break-glass on the screen: declaring an emergency, and the queue of reviews afterwards."""
