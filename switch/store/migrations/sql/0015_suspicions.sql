-- Suspicions that one card is two, and what officers found them to be.

SET search_path = medswitch;

CREATE TABLE suspicion (
    bucket          int     NOT NULL,
    member_id       text    NOT NULL,
    version         bigint  NOT NULL,          -- the person's, which it made
    identifier      text    NOT NULL,          -- the card, hexadecimal
    method          text    NOT NULL,          -- what the card was used for
    use             jsonb   NOT NULL,          -- request, institution, terminal, time, counter
    stored_atc      bigint  NOT NULL,
    earlier         jsonb,                     -- the use that stored it; NULL: one that was declined
    locked          boolean NOT NULL,
    PRIMARY KEY (bucket, member_id, version)
);

-- Written by the approval of `resolve-suspicion` only.
CREATE TABLE suspicion_resolution (
    bucket          int     NOT NULL,
    member_id       text    NOT NULL,
    version         bigint  NOT NULL,
    verdict         text    NOT NULL,
    record          bigint  NOT NULL,          -- the audit record that decided
    change          bigint  NOT NULL,
    PRIMARY KEY (bucket, member_id, version),
    CONSTRAINT suspicion_verdict CHECK (verdict IN ('genuine', 'clone'))
);
GRANT SELECT ON suspicion, suspicion_resolution TO medswitch_runtime;

CREATE FUNCTION write_suspicions(the_rows jsonb) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = medswitch, pg_temp AS $$
    INSERT INTO suspicion (bucket, member_id, version, identifier, method, use, stored_atc, earlier,
        locked)
    SELECT k.bucket, k.member_id, k.version, k.identifier, k.method, k.use, k.stored_atc,
        nullif(k.earlier, 'null'::jsonb), k.locked
    FROM jsonb_to_recordset(the_rows) AS k(bucket int, member_id text, version bigint,
        identifier text, method text, use jsonb, stored_atc bigint, earlier jsonb, locked boolean)
$$;
REVOKE ALL ON FUNCTION write_suspicions FROM PUBLIC;

ALTER FUNCTION write_more(jsonb) RENAME TO write_more_before_suspicions;
CREATE FUNCTION write_more(the_more jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = medswitch, pg_temp AS $$
BEGIN
    PERFORM write_more_before_suspicions(the_more);
    IF the_more ? 'suspicion' THEN
        PERFORM write_suspicions(the_more -> 'suspicion');
    END IF;
END $$;
REVOKE ALL ON FUNCTION write_more FROM PUBLIC;
