# The limit counts on each contact: email A with phone B, and email C with phone B, are one person.

campaign units=10 -> accepted | 10 left
start -> accepted | 10 left
book a&b key=1 -> booked #1 | 9 left 1 sold
book a -> already_booked #1 | 9 left 1 sold
book b -> already_booked #1 | 9 left 1 sold
book c&b -> already_booked #1 | 9 left 1 sold
book c -> booked #2 | 8 left 2 sold
book b key=1 -> booked #1 again | 8 left 2 sold
book x -> booked #3 | 7 left 3 sold
book y&x -> already_booked #3 | 7 left 3 sold
book y -> booked #4 | 6 left 4 sold
