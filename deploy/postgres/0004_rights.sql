-- Each program gets what it needs and nothing more. The roles are made by the instance's set-up.

grant usage on schema public to firstcome_ingress, firstcome_fulfiller, firstcome_notifier;

grant select on campaigns, bookings, booking_owners, booking_changes, contacts, account_merges
	to firstcome_ingress;

grant select, insert, update on bookings to firstcome_fulfiller;
grant select, insert, delete on booking_changes, booking_owners to firstcome_fulfiller;
grant select, insert on drains to firstcome_fulfiller;
grant select, update on campaigns to firstcome_fulfiller;
grant select, insert, update, delete on contacts, account_merges to firstcome_fulfiller;
grant insert on contact_news to firstcome_fulfiller;
grant execute on function define_campaign to firstcome_fulfiller;

grant select on campaigns, bookings, booking_owners, booking_changes, contacts, account_merges,
	notice_bookings, notice_changes to firstcome_notifier;
-- To lock a row is to be able to change it.
grant select, update, delete on contact_news to firstcome_notifier;
grant select, insert, update on notices, notice_positions to firstcome_notifier;
