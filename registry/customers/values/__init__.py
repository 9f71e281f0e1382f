"""One value at a time: names, addresses, numbers and dates as the matcher compares them."""
