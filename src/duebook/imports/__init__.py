"""Data from elsewhere: files of orders, and the demo business."""
