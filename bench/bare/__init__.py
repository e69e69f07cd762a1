"""The least that Django does: a view that calls the floor's function, and a page with fifty rows of many."""
