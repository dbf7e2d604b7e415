-- Contacts: the only place where an email address or a phone number is kept. Deleting a row erases
-- the person; the log knows keyed hashes only, and stays complete.

create table contacts (
	identity uuid primary key,              -- keyed hash of the normalised contact
	account uuid not null,                  -- whose it is now: never an old_account below
	channel smallint not null,              -- 1 email, 2 SMS
	contact text not null,                  -- where messages go
	locale text not null,
	verified_at timestamptz not null
);
create index contacts_account on contacts (account);

-- When two accounts turn out to be one person (a contact of one is proved while logged in as the
-- other), bookings keep the account that made them, and this says whose they are now.
-- One step is enough: a new_account is never an old_account.
create table account_merges (
	old_account uuid primary key,
	new_account uuid not null,
	check (old_account <> new_account)
);
create index account_merges_new on account_merges (new_account);

-- Accounts that have got a contact, or somebody else's bookings, since the notifier looked: it may owe
-- them what it could tell nobody before. They come in the transaction of the contact, and go in that of
-- the notices. Vacuumed early: who looks whether there are any walks over the dead ones.
create table contact_news (
	account uuid not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- Everything of old_account belongs to new_account from now on.
create function merge_accounts(old uuid, new uuid) returns void language sql as $$
	update account_merges set new_account = new where new_account = old;
	insert into account_merges (old_account, new_account) values (old, new)
		on conflict (old_account) do update set new_account = excluded.new_account;
	update contacts set account = new where account = old;
$$;

-- A person proved a contact. Saying the same twice, or late, does no harm.
--
-- The contact may belong to another account already. Whoever proves a contact is its person, so the
-- two accounts are one person: where the person was logged in while proving it (linked), the contact
-- comes to that account; else the account is one that was made up while nobody could look up whose
-- the contact is, and goes to its owner.
create function remember_contact(
	new_identity uuid, named_account uuid, new_channel smallint, new_contact text, new_locale text,
	new_verified_at timestamptz, linked boolean
) returns void language plpgsql as $$
declare
	proven uuid; -- the account that proved it
	owner uuid;  -- the account that has it
	news boolean;
begin
	-- One writer at a time: merges are rare, and two at once could build a chain of them.
	perform pg_advisory_xact_lock(hashtext('firstcome contacts'));
	select coalesce((select new_account from account_merges where old_account = named_account),
		named_account) into proven;
	select account into owner from contacts where identity = new_identity;
	news := owner is distinct from proven;
	if owner <> proven and linked then
		perform merge_accounts(owner, proven);
	elsif owner <> proven then
		perform merge_accounts(proven, owner);
		proven := owner;
	end if;
	if news then
		insert into contact_news (account) values (proven);
	end if;
	insert into contacts (identity, account, channel, contact, locale, verified_at)
	values (new_identity, proven, new_channel, new_contact, new_locale, new_verified_at)
	on conflict (identity) do update set
		contact = excluded.contact, locale = excluded.locale, verified_at = excluded.verified_at
		where contacts.verified_at <= excluded.verified_at;
end
$$;
