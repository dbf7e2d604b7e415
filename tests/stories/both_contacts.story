# A campaign that wants both contacts proven.

campaign units=2 both -> accepted | 2 left
start -> accepted | 2 left
book a -> not_verified | 2 left
book a&b -> booked #1 | 1 left 1 sold
book b&c -> already_booked #1 | 1 left 1 sold
