-- What comparing records found: kept, so that fund staff see what stands open before a day is closed.
-- Written through the functions below only; no money hangs on it.

SET search_path = medswitch;

-- One comparison of an institution's records (对账). Amounts are the switch's, the institution's,
-- what it stated, and what the differences explain: medfee_sumamt, fund_pay_sumamt, acct_pay.
CREATE TABLE comparison (
    number                  bigint      PRIMARY KEY,
    institution             text        NOT NULL,
    since                   date        NOT NULL,
    until                   date        NOT NULL,
    begun_at                timestamptz NOT NULL,
    ended_at                timestamptz,               -- NULL: broken off, and says nothing
    ours_count              bigint      NOT NULL DEFAULT 0,
    ours_total_fen          bigint      NOT NULL DEFAULT 0,
    ours_fund_fen           bigint      NOT NULL DEFAULT 0,
    ours_account_fen        bigint      NOT NULL DEFAULT 0,
    theirs_count            bigint      NOT NULL DEFAULT 0,
    theirs_total_fen        bigint      NOT NULL DEFAULT 0,
    theirs_fund_fen         bigint      NOT NULL DEFAULT 0,
    theirs_account_fen      bigint      NOT NULL DEFAULT 0,
    remainder_total_fen     bigint      NOT NULL DEFAULT 0,
    remainder_fund_fen      bigint      NOT NULL DEFAULT 0,
    remainder_account_fen   bigint      NOT NULL DEFAULT 0,
    differences             bigint      NOT NULL DEFAULT 0,
    CONSTRAINT comparison_days CHECK (until >= since)
);
CREATE INDEX comparison_institution ON comparison (institution, until) WHERE ended_at IS NOT NULL;

CREATE TABLE difference (
    comparison              bigint  NOT NULL,
    number                  bigint  NOT NULL,
    day                     date    NOT NULL,          -- business day it is open on
    kind                    text    NOT NULL,
    repair                  text    NOT NULL,
    ours                    jsonb,
    theirs                  jsonb,
    explains_total_fen      bigint  NOT NULL,
    explains_fund_fen       bigint  NOT NULL,
    explains_account_fen    bigint  NOT NULL,
    PRIMARY KEY (comparison, number),
    CONSTRAINT difference_about CHECK (ours IS NOT NULL OR theirs IS NOT NULL)
);

-- What stands: found by the last comparison that covers its day.
CREATE VIEW open_difference AS
SELECT c.institution, c.ended_at, d.*
FROM difference d JOIN comparison c ON c.number = d.comparison
WHERE c.ended_at IS NOT NULL AND NOT EXISTS (
    SELECT FROM comparison l
    WHERE l.institution = c.institution AND l.ended_at IS NOT NULL AND l.number > c.number
        AND d.day BETWEEN l.since AND l.until);

CREATE FUNCTION begin_comparison(
    the_institution text, the_since date, the_until date, the_time timestamptz
) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = medswitch, pg_temp AS $$
DECLARE
    made bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(20181204);
    INSERT INTO comparison (number, institution, since, until, begun_at)
    SELECT coalesce(max(number), 0) + 1, the_institution, the_since, the_until, the_time
    FROM comparison RETURNING number INTO made;
    RETURN made;
END $$;

CREATE FUNCTION note_differences(
    the_comparison bigint, d_number bigint[], d_day date[], d_kind text[], d_repair text[],
    d_ours text[], d_theirs text[], d_total bigint[], d_fund bigint[], d_account bigint[]
) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = medswitch, pg_temp AS $$
    INSERT INTO difference (comparison, number, day, kind, repair, ours, theirs,
        explains_total_fen, explains_fund_fen, explains_account_fen)
    SELECT the_comparison, k.number, k.day, k.kind, k.repair, k.ours::jsonb, k.theirs::jsonb,
        k.total, k.fund, k.account
    FROM unnest(d_number, d_day, d_kind, d_repair, d_ours, d_theirs, d_total, d_fund, d_account)
        AS k(number, day, kind, repair, ours, theirs, total, fund, account)
$$;

CREATE FUNCTION end_comparison(
    the_comparison bigint, the_time timestamptz, the_ours bigint[], the_theirs bigint[],
    the_remainder bigint[], the_differences bigint
) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = medswitch, pg_temp AS $$
    UPDATE comparison SET ended_at = the_time,
        ours_count = the_ours[1], ours_total_fen = the_ours[2],
        ours_fund_fen = the_ours[3], ours_account_fen = the_ours[4],
        theirs_count = the_theirs[1], theirs_total_fen = the_theirs[2],
        theirs_fund_fen = the_theirs[3], theirs_account_fen = the_theirs[4],
        remainder_total_fen = the_remainder[1], remainder_fund_fen = the_remainder[2],
        remainder_account_fen = the_remainder[3], differences = the_differences
    WHERE number = the_comparison AND ended_at IS NULL
$$;

-- A settlement or its undoing as an institution keeps it, whatever carries the money: funds and
-- accounts are what leaves them, in either book.
CREATE VIEW act AS
SELECT j.institution, j.day, coalesce(o.request_id, j.request_id) AS settlement,
    (j.undoes_id IS NOT NULL) AS undone, j.member_id, j.insurance, j.clearing_type,
    j.region_insured, j.total_fen, p.fund_fen, p.account_fen, j.id, j.bucket, j.request_id
FROM journal j
LEFT JOIN journal o ON o.day = j.undoes_day AND o.id = j.undoes_id AND o.bucket = j.bucket
CROSS JOIN LATERAL (
    SELECT coalesce(sum(CASE WHEN p.debit LIKE 'FUND:%' THEN p.amount_fen
                             WHEN p.credit LIKE 'FUND:%' THEN -p.amount_fen END), 0)::bigint
               AS fund_fen,
           coalesce(sum(CASE WHEN p.debit LIKE 'MEMBER:%' THEN p.amount_fen
                             WHEN p.credit LIKE 'MEMBER:%' THEN -p.amount_fen END), 0)::bigint
               AS account_fen
    FROM posting p WHERE p.day = j.day AND p.journal_id = j.id AND p.bucket = j.bucket
) p
WHERE j.kind <> 'opening' AND j.institution <> '';

GRANT SELECT ON comparison, difference, open_difference, act TO medswitch_runtime;
REVOKE ALL ON FUNCTION begin_comparison, note_differences, end_comparison FROM PUBLIC;
GRANT EXECUTE ON FUNCTION begin_comparison, note_differences, end_comparison
    TO medswitch_runtime;
