-- What else a request writes beside the ledger, and its first user: filings with their history.
--
-- `the_more` is NULL on the hot path and costs nothing there. Otherwise it is
-- {"requests": {request id: {section: [rows]}}, section: [rows]}: what each request wrote, kept in
-- the register and covered by its seal, and the rows as they stand after the batch. A section is a
-- table; a row is the whole row after the request, so that the last one written is the one that
-- stands, and the audit compares the two.

SET search_path = medswitch;

ALTER TABLE request ADD COLUMN writes jsonb;   -- NULL: nothing beside the ledger

ALTER TABLE filing
    ADD COLUMN institution text NOT NULL DEFAULT '',   -- 2505: chosen; 2503: that found the disease
    ADD COLUMN relative text NOT NULL DEFAULT '',      -- 共济: whose account pays, too
    ADD COLUMN granted jsonb,                  -- who, when, why; NULL: before requests were recorded
    ADD COLUMN ended jsonb;                    -- the same of its withdrawal

-- A relative's part of a settlement is a journal of the relative's own, in his bucket. A partition
-- holds the constraint in its own right: each gives it up before the parent gives them the new one.
DO $$
DECLARE
    one regclass;
BEGIN
    ALTER TABLE journal DROP CONSTRAINT journal_kind;
    FOR one IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 'journal'::regclass LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS journal_kind', one);
    END LOOP;
END $$;
ALTER TABLE journal ADD CONSTRAINT journal_kind
    CHECK (kind IN ('opening', 'settlement', 'shared', 'cancellation', 'reversal'));

-- Agencies (经办机构): their terminals file for the people insured in the regions they serve.
CREATE TABLE agency (
    code    text    PRIMARY KEY,               -- as a request id begins
    name    text    NOT NULL,
    serves  text    NOT NULL,                  -- every region that begins with these digits
    CONSTRAINT agency_code CHECK (code ~ '^[A-Z0-9]{12}$'),
    CONSTRAINT agency_serves CHECK (serves ~ '^[1-9][0-9]{1,5}$')
);
GRANT SELECT ON agency TO medswitch_runtime;

-- Writes the sections of `the_more`. A section that nobody wrote is no array: no row comes of it.
-- The caller gives each row once, the last that the batch makes of it.
CREATE FUNCTION write_more(the_more jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = medswitch, pg_temp AS $$
BEGIN
    INSERT INTO filing AS f (bucket, member_id, filing_id, kind, region, place, disease_code,
        since, until, institution, relative, granted, ended)
    SELECT k.bucket, k.member_id, k.filing_id, k.kind, k.region, k.place, k.disease_code,
        k.since, k.until, k.institution, k.relative, k.granted, k.ended
    FROM jsonb_to_recordset(the_more -> 'filing') AS k(bucket int, member_id text, filing_id text,
        kind text, region text, place text, disease_code text, since date, until date,
        institution text, relative text, granted jsonb, ended jsonb)
    ON CONFLICT (bucket, member_id, filing_id)
        DO UPDATE SET until = excluded.until, ended = excluded.ended;
END $$;
REVOKE ALL ON FUNCTION write_more FROM PUBLIC;

DROP FUNCTION post;

-- As before, and with `the_more` at its end.
CREATE FUNCTION post(
    the_lane int, the_batch bigint, the_epoch bigint, the_time timestamptz,
    w_book text[], w_day date[],
    s_id bytea[], s_terminal text[],
    m_bucket int[], m_id text[], m_before bigint[], m_version bigint[], m_atc bigint[],
    m_current bigint[], m_earlier bigint[], m_accumulators text[],
    y_bucket int[], y_member text[], y_key text[], y_accumulators text[],
    r_month date[], r_id text[], r_bucket int[], r_position int[], r_method text[],
    r_terminal text[], r_session bytea[], r_seq bigint[], r_mac bytea[], r_body bytea[],
    r_code int[], r_reply bytea[], r_member text[], r_version bigint[], r_atc bigint[],
    r_day date[], r_journal bigint[], r_snapshot bytea[], r_book text[], r_received timestamptz[],
    j_day date[], j_id bigint[], j_bucket int[], j_window text[], j_kind text[], j_request text[],
    j_institution text[], j_member text[], j_version bigint[], j_insured text[], j_care text[],
    j_insurance text[], j_clearing text[], j_total bigint[], j_current bigint[],
    j_earlier bigint[], j_deltas text[], j_consulted text[], j_undoes_day date[],
    j_undoes_id bigint[],
    p_day date[], p_journal bigint[], p_number int[], p_bucket int[], p_book text[],
    p_debit text[], p_credit text[], p_amount bigint[],
    u_month date[], u_id text[], u_bucket int[], u_kind text[], u_by text[],
    the_sums text, the_seal_version int, the_seal bytea, the_more jsonb
) RETURNS post_answer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = medswitch, pg_temp AS $$
DECLARE
    bad text[];
    n bigint;
BEGIN
    -- (a) windows, ascending (the caller sorts): shared with every poster, exclusive to the closer
    FOR i IN 1 .. cardinality(w_book) LOOP
        PERFORM pg_advisory_xact_lock_shared(20181202, window_lock_key(w_book[i]));
    END LOOP;

    -- (b) windows still open, reference data still the same, sessions and terminals still good
    SELECT count(*) INTO n FROM unnest(w_book, w_day) AS k(book, day)
        JOIN clearing_window w ON w.book = k.book AND w.day = k.day AND w.closed_at IS NULL;
    IF n <> cardinality(w_book) THEN
        RETURN ('window', '{}'::text[])::post_answer;
    END IF;
    IF (SELECT epoch FROM epoch) <> the_epoch THEN
        RETURN ('epoch', '{}'::text[])::post_answer;
    END IF;
    SELECT array_agg(encode(k.id, 'hex')) INTO bad FROM unnest(s_id, s_terminal) AS k(id, terminal)
        WHERE NOT EXISTS (
            SELECT FROM session s JOIN terminal t ON t.terminal_id = s.terminal_id
            WHERE s.session_id = k.id AND s.terminal_id = k.terminal AND t.active
              AND s.ended_at IS NULL AND s.expires_at > the_time);
    IF bad IS NOT NULL THEN
        RETURN ('session', bad)::post_answer;
    END IF;

    -- (c) members, ascending, then (d) their versions in a statement of its own
    PERFORM FROM unnest(m_bucket, m_id) AS k(bucket, id)
        JOIN member m ON m.bucket = k.bucket AND m.member_id = k.id
        ORDER BY m.bucket, m.member_id FOR NO KEY UPDATE OF m;
    SELECT array_agg(k.id) INTO bad FROM unnest(m_bucket, m_id, m_before) AS k(bucket, id, before)
        LEFT JOIN member m ON m.bucket = k.bucket AND m.member_id = k.id
        WHERE m.version IS DISTINCT FROM k.before;
    IF bad IS NOT NULL THEN
        RETURN ('stale', bad)::post_answer;
    END IF;

    -- (e) request ids, ascending (the caller sorts); a taken one undoes the whole call
    INSERT INTO request (
        month, request_id, bucket, position, lane, batch, method, terminal_id, session_id, seq,
        mac, body, code, reply, member_id, member_version, atc, journal_day, journal_id, snapshot,
        rule_book, received_at, posted_at, writes)
    SELECT k.month, k.id, k.bucket, k.position, the_lane, the_batch, k.method, k.terminal,
        k.session, k.seq, k.mac, k.body, k.code, k.reply, k.member, k.version, k.atc, k.day,
        k.journal, k.snapshot, k.book, k.received, the_time, the_more -> 'requests' -> k.id
    FROM unnest(r_month, r_id, r_bucket, r_position, r_method, r_terminal, r_session, r_seq, r_mac,
        r_body, r_code, r_reply, r_member, r_version, r_atc, r_day, r_journal, r_snapshot, r_book,
        r_received)
        AS k(month, id, bucket, position, method, terminal, session, seq, mac, body, code, reply,
             member, version, atc, day, journal, snapshot, book, received)
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS n = ROW_COUNT;
    IF n <> cardinality(r_id) THEN
        RAISE EXCEPTION 'a request id is taken' USING ERRCODE = 'MS001';
    END IF;
    IF cardinality(u_id) > 0 THEN
        INSERT INTO undo (month, original_id, bucket, kind, by_request_id, at)
        SELECT k.month, k.id, k.bucket, k.kind, k.by, the_time
        FROM unnest(u_month, u_id, u_bucket, u_kind, u_by) AS k(month, id, bucket, kind, by)
        ON CONFLICT DO NOTHING;
        GET DIAGNOSTICS n = ROW_COUNT;
        IF n <> cardinality(u_id) THEN
            RAISE EXCEPTION 'an original is undone already' USING ERRCODE = 'MS001';
        END IF;
    END IF;

    -- (f) journals, postings, people, the batch
    INSERT INTO journal (
        day, id, bucket, window_book, kind, request_id, institution, member_id, member_version,
        region_insured, region_care, insurance, clearing_type, total_fen,
        account_current_delta_fen, account_earlier_delta_fen, deltas, consulted, undoes_day,
        undoes_id, posted_at)
    SELECT k.day, k.id, k.bucket, k.book, k.kind, k.request, k.institution, k.member, k.version,
        k.insured, k.care, k.insurance, k.clearing, k.total, k.current, k.earlier,
        k.deltas::jsonb, string_to_array(k.consulted, ' '), k.undoes_day, k.undoes_id, the_time
    FROM unnest(j_day, j_id, j_bucket, j_window, j_kind, j_request, j_institution, j_member,
        j_version, j_insured, j_care, j_insurance, j_clearing, j_total, j_current, j_earlier,
        j_deltas, j_consulted, j_undoes_day, j_undoes_id)
        AS k(day, id, bucket, book, kind, request, institution, member, version, insured, care,
             insurance, clearing, total, current, earlier, deltas, consulted, undoes_day,
             undoes_id);
    INSERT INTO posting (day, journal_id, number, bucket, book, debit, credit, amount_fen)
    SELECT * FROM unnest(
        p_day, p_journal, p_number, p_bucket, p_book, p_debit, p_credit, p_amount);
    UPDATE member AS m
    SET version = k.version, atc = k.atc, account_current_fen = k.current,
        account_earlier_fen = k.earlier, accumulators = k.accumulators::jsonb
    FROM unnest(m_bucket, m_id, m_version, m_atc, m_current, m_earlier, m_accumulators)
        AS k(bucket, id, version, atc, current, earlier, accumulators)
    WHERE m.bucket = k.bucket AND m.member_id = k.id;
    GET DIAGNOSTICS n = ROW_COUNT;
    IF n <> cardinality(m_id) THEN
        RAISE EXCEPTION 'a member row is missing' USING ERRCODE = 'MS002';
    END IF;
    IF cardinality(y_key) > 0 THEN
        INSERT INTO member_year AS y (bucket, member_id, year_key, accumulators)
        SELECT k.bucket, k.member, k.key, k.accumulators::jsonb
        FROM unnest(y_bucket, y_member, y_key, y_accumulators)
            AS k(bucket, member, key, accumulators)
        ON CONFLICT (bucket, member_id, year_key)
            DO UPDATE SET accumulators = excluded.accumulators;
    END IF;
    IF the_more IS NOT NULL THEN
        PERFORM write_more(the_more);
    END IF;
    INSERT INTO batch (lane, batch, posted_at, requests, journals, sums, seal_version, seal)
    VALUES (the_lane, the_batch, the_time, cardinality(r_id), cardinality(j_id),
            the_sums::jsonb, the_seal_version, the_seal);
    RETURN ('posted', '{}'::text[])::post_answer;
END $$;

REVOKE ALL ON FUNCTION post FROM PUBLIC;
GRANT EXECUTE ON FUNCTION post TO medswitch_runtime;
