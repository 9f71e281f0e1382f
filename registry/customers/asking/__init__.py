"""What the master view answers: finding a customer, one customer's sheet, purposes and masks."""
