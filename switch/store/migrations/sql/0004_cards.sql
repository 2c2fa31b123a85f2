-- Card changes that no request of a terminal makes: loss, release, replacement.
--
-- Each is one transaction on one member row: the row lock that settlements take, too, orders a loss
-- report and a settlement; the version makes a settlement decided before it stale.

SET search_path = medswitch;

-- Moves a card from one of `from_statuses` to `to_status`. Answers the person's new version; NULL
-- when there is no such person or the card has another status, and then nothing has changed.
CREATE FUNCTION card_status_change(
    the_bucket int, the_member text, from_statuses text[], to_status text,
    the_kind text, the_actor text, the_time timestamptz
) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = medswitch, pg_temp AS $$
DECLARE
    before record;
BEGIN
    SELECT version, card_status, card_identifier INTO before FROM member
        WHERE bucket = the_bucket AND member_id = the_member FOR NO KEY UPDATE;
    IF NOT FOUND OR before.card_status <> ALL (from_statuses) THEN
        RETURN NULL;
    END IF;
    UPDATE member SET version = before.version + 1, card_status = to_status,
        locked_since = NULL, locked_until = NULL
    WHERE bucket = the_bucket AND member_id = the_member;
    INSERT INTO member_event (bucket, member_id, version, kind, actor, detail, at)
    VALUES (the_bucket, the_member, before.version + 1, the_kind, the_actor,
        jsonb_build_object('card', encode(before.card_identifier, 'hex'),
            'before', before.card_status, 'after', to_status), the_time);
    RETURN before.version + 1;
END $$;

-- Gives a person another card: registers it, makes it current, and starts at its own counter. The
-- old card's row stays, so that its identifier is known and dead. Answers as above; also NULL when
-- the identifier is registered already (a card is issued once).
CREATE FUNCTION card_replace(
    the_bucket int, the_member text, from_statuses text[], the_identifier bytea,
    the_number text, the_suite int, the_key_version int, the_specification text,
    the_issue date, the_expiry date, the_actor text, the_time timestamptz
) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = medswitch, pg_temp AS $$
DECLARE
    before record;
BEGIN
    SELECT version, card_status, card_identifier, atc INTO before FROM member
        WHERE bucket = the_bucket AND member_id = the_member FOR NO KEY UPDATE;
    IF NOT FOUND OR before.card_status <> ALL (from_statuses) THEN
        RETURN NULL;
    END IF;
    INSERT INTO card (bucket, identifier, member_id, number, suite, key_version, specification,
        issued_on, expires_on)
    VALUES (the_bucket, the_identifier, the_member, the_number, the_suite, the_key_version,
        the_specification, the_issue, the_expiry)
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    UPDATE member SET version = before.version + 1, card_identifier = the_identifier,
        card_status = 'normal', locked_since = NULL, locked_until = NULL, atc = 0
    WHERE bucket = the_bucket AND member_id = the_member;
    INSERT INTO member_event (bucket, member_id, version, kind, actor, detail, at)
    VALUES (the_bucket, the_member, before.version + 1, 'card_replaced', the_actor,
        jsonb_build_object('card', encode(the_identifier, 'hex'),
            'replaced', encode(before.card_identifier, 'hex'), 'replaced_atc', before.atc,
            'before', before.card_status, 'after', 'normal'), the_time);
    RETURN before.version + 1;
END $$;

REVOKE ALL ON FUNCTION card_status_change, card_replace FROM PUBLIC;
GRANT EXECUTE ON FUNCTION card_status_change, card_replace TO medswitch_runtime;
