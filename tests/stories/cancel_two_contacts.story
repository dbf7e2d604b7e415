# Cancelling frees both contacts of a person, whichever of them asks.

campaign units=2 cancellable -> accepted | 2 left
start -> accepted | 2 left
book a&b -> booked #1 | 1 left 1 sold
book c&d -> booked #2 | 0 left 2 sold
cancel b #1 -> cancelled #1 | 1 left 1 sold
book b -> booked #3 | 0 left 2 sold
book a&z -> sold_out | 0 left 2 sold
cancel d #2 -> cancelled #2 | 1 left 1 sold
book a -> booked #4 | 0 left 2 sold
book b&c -> already_booked #3 | 0 left 2 sold
