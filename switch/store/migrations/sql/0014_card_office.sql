-- A card's life as requests of agencies: lost, found, replaced, locked; each with who, when and why.
--
-- A section of `the_more` as filings are: the event's row, and what follows from it. Card, status and
-- lock stand on the member row, which a settlement reads: it reads nothing more than before.

SET search_path = medswitch;

CREATE TABLE card_event (
    bucket          int     NOT NULL,
    member_id       text    NOT NULL,
    version         bigint  NOT NULL,          -- the person's, which the event made
    change          text    NOT NULL,
    channel         text    NOT NULL,
    status          text    NOT NULL,          -- afterwards: a loss goes before a lock
    lock            text,                      -- the lock that stands afterwards, hidden or not
    locked_since    date,
    locked_until    date,
    identifier      text    NOT NULL,          -- the person's card afterwards, hexadecimal
    card            jsonb,                     -- what a replacement registered
    replaced        text,                      -- the card that is dead since
    standings       jsonb   NOT NULL,          -- all of the person's afterwards
    act             jsonb   NOT NULL,          -- who, when, why
    PRIMARY KEY (bucket, member_id, version),
    CONSTRAINT card_event_change CHECK (change IN
        ('reported_lost', 'confirmed_lost', 'released', 'replaced', 'locked', 'unlocked')),
    CONSTRAINT card_event_lock CHECK (lock IN ('locked_person', 'locked_employer')),
    CONSTRAINT card_event_replaced CHECK (
        (change = 'replaced') = (card IS NOT NULL) AND (card IS NULL) = (replaced IS NULL))
);
GRANT SELECT ON card_event TO medswitch_runtime;

-- Writes what happened to cards, registers those that replaced others, and brings the member rows to
-- what the last event of each person says. A card is issued once: one that is registered raises.
CREATE FUNCTION write_card_events(the_events jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = medswitch, pg_temp AS $$
BEGIN
    INSERT INTO card_event (bucket, member_id, version, change, channel, status, lock,
        locked_since, locked_until, identifier, card, replaced, standings, act)
    SELECT k.bucket, k.member_id, k.version, k.change, k.channel, k.status, k.lock, k.locked_since,
        k.locked_until, k.identifier, k.card, k.replaced, k.standings, k.act
    FROM jsonb_to_recordset(the_events) AS k(bucket int, member_id text, version bigint,
        change text, channel text, status text, lock text, locked_since date, locked_until date,
        identifier text, card jsonb, replaced text, standings jsonb, act jsonb);
    INSERT INTO card (bucket, identifier, member_id, number, suite, key_version, specification,
        issued_on, expires_on)
    SELECT k.bucket, decode(c.identifier, 'hex'), k.member_id, c.number, c.suite, c.key_version,
        c.specification, c.issued_on, c.expires_on
    FROM jsonb_to_recordset(the_events) AS k(bucket int, member_id text, card jsonb)
    CROSS JOIN jsonb_to_record(k.card) AS c(identifier text, number text, suite int,
        key_version int, specification text, issued_on date, expires_on date)
    WHERE jsonb_typeof(k.card) = 'object';
    UPDATE member AS m
    SET card_status = k.status, locked_since = k.locked_since, locked_until = k.locked_until,
        card_identifier = decode(k.identifier, 'hex'), standings = k.standings
    FROM (
        SELECT DISTINCT ON (e.bucket, e.member_id) e.*
        FROM jsonb_to_recordset(the_events) AS e(bucket int, member_id text, version bigint,
            status text, locked_since date, locked_until date, identifier text, standings jsonb)
        ORDER BY e.bucket, e.member_id, e.version DESC) AS k
    WHERE m.bucket = k.bucket AND m.member_id = k.member_id;
END $$;
REVOKE ALL ON FUNCTION write_card_events FROM PUBLIC;

-- The writer of before goes on as it is, whatever sections it has, and cards come after it.
ALTER FUNCTION write_more(jsonb) RENAME TO write_more_before_cards;
CREATE FUNCTION write_more(the_more jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = medswitch, pg_temp AS $$
BEGIN
    PERFORM write_more_before_cards(the_more);
    IF the_more ? 'card_event' THEN
        PERFORM write_card_events(the_more -> 'card_event');
    END IF;
END $$;
REVOKE ALL ON FUNCTION write_more FROM PUBLIC;

-- No second way to change a card: what 0004 gave is gone. Its history stays in `member_event`.
DROP FUNCTION card_status_change, card_replace;
