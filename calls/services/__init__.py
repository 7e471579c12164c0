"""What is done about calls: events taken in, limits enforced, the store kept right."""
