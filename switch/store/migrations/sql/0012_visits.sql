-- Visits and their lines. Both lie in the person's bucket, which the visit's id begins with, and are
-- written by requests only: `write_more`, in the posting transaction, under the person's version.

SET search_path = medswitch;

CREATE TABLE visit (
    bucket          int     NOT NULL,
    visit_id        text    NOT NULL,
    member_id       text    NOT NULL,
    institution     text    NOT NULL,
    number          text    NOT NULL,          -- the institution's own
    region          text    NOT NULL,          -- insured region and insurance as found at registration
    insurance       text    NOT NULL,
    state           text    NOT NULL,
    kind            text    NOT NULL,
    begun_on        date    NOT NULL,
    ended_on        date,
    department      text    NOT NULL,
    doctor          text    NOT NULL,
    diagnoses       jsonb   NOT NULL,
    disease_code    text    NOT NULL,
    stay            text    NOT NULL,          -- whose stay it is: its own, or one before a transfer
    continues       text    NOT NULL,
    change          int     NOT NULL,          -- the last change of its lines
    settled_change  int     NOT NULL,          -- up to which every line is settled
    lines           int     NOT NULL,          -- that stand
    unsettled_fen   bigint  NOT NULL,
    settlements     jsonb   NOT NULL,          -- that stand: [request, settlement, [[after, upto]], final]
    registered      jsonb   NOT NULL,          -- who, when, why
    changed         jsonb   NOT NULL,
    CONSTRAINT visit_pk PRIMARY KEY (bucket, visit_id),
    CONSTRAINT visit_state CHECK (state IN ('registered', 'discharged', 'settled', 'cancelled')),
    CONSTRAINT visit_days CHECK (ended_on >= begun_on),
    CONSTRAINT visit_counts CHECK (lines BETWEEN 0 AND 30000 AND unsettled_fen >= 0
        AND settled_change BETWEEN 0 AND change)
);
CREATE INDEX visit_member ON visit (bucket, member_id);

-- A line: the change with which it came, and the one with which it was withdrawn. What any settlement
-- took follows from these for ever. `content`: number, code, name, day, quantity and unit price in
-- 1/10,000, amount in fen, disease code, the line it withdraws, category.
CREATE TABLE visit_line (
    bucket      int     NOT NULL,
    visit_id    text    NOT NULL,
    number      bigint  NOT NULL,
    change      int     NOT NULL,
    withdrawn   int,
    withdraws   bigint  NOT NULL,
    on_day      date    NOT NULL,
    content     json    NOT NULL,              -- as it came: nothing asks for a part of it
    CONSTRAINT visit_line_pk PRIMARY KEY (bucket, visit_id, number, change),
    CONSTRAINT visit_line_change CHECK (change > 0 AND withdrawn > change)
);
GRANT SELECT ON visit, visit_line TO medswitch_runtime;

CREATE OR REPLACE FUNCTION write_more(the_more jsonb) RETURNS void
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
    IF the_more ? 'visit' THEN
        PERFORM write_visits(the_more);
    END IF;
END $$;

-- Each visit once, as the batch leaves it. A line added and withdrawn in one batch is added first.
CREATE FUNCTION write_visits(the_more jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = medswitch, pg_temp AS $$
BEGIN
    INSERT INTO visit AS v
    SELECT k.* FROM jsonb_populate_recordset(NULL::visit, the_more -> 'visit') AS k
    ON CONFLICT (bucket, visit_id) DO UPDATE SET
        state = excluded.state, kind = excluded.kind, begun_on = excluded.begun_on,
        ended_on = excluded.ended_on, department = excluded.department, doctor = excluded.doctor,
        diagnoses = excluded.diagnoses, disease_code = excluded.disease_code,
        change = excluded.change, settled_change = excluded.settled_change,
        lines = excluded.lines, unsettled_fen = excluded.unsettled_fen,
        settlements = excluded.settlements, changed = excluded.changed;
    INSERT INTO visit_line (bucket, visit_id, number, change, withdraws, on_day, content)
    SELECT k.bucket, k.visit_id, (l.line ->> 0)::bigint, k.change, (l.line ->> 8)::bigint,
        (l.line ->> 3)::date, l.line
    FROM jsonb_to_recordset(the_more -> 'visit_line_added')
        AS k(bucket int, visit_id text, change int, lines jsonb)
    CROSS JOIN jsonb_array_elements(k.lines) AS l(line);
    UPDATE visit_line AS v SET withdrawn = k.change
    FROM jsonb_to_recordset(the_more -> 'visit_line_withdrawn')
        AS k(bucket int, visit_id text, change int, lines jsonb)
    CROSS JOIN jsonb_array_elements(k.lines) AS l(line)
    WHERE v.bucket = k.bucket AND v.visit_id = k.visit_id AND v.number = (l.line ->> 0)::bigint
        AND v.change = (l.line ->> 1)::int AND v.withdrawn IS NULL;
END $$;
REVOKE ALL ON FUNCTION write_visits FROM PUBLIC;
