-- Closing days, months and years; statements and their answers.
--
-- `clearing_act` is the truth: append-only, dense, each sealed over the one before. The other tables
-- are what the acts come to; the audit compares them with the acts, and the acts with the journals.

SET search_path = medswitch;

-- When a business day ends: minutes after its midnight in Beijing; none: 1,440, midnight.
CREATE TABLE cut_off (
    book        text    NOT NULL,              -- a region, or 'INTERCITY'
    since       date    NOT NULL,              -- first business day it holds for
    minutes     int     NOT NULL,
    record      bigint  NOT NULL,              -- the audit record that put it in force
    PRIMARY KEY (book, since, record),
    CONSTRAINT cut_off_bounds CHECK (minutes BETWEEN 1080 AND 1800)
);

CREATE TABLE clearing_act (
    number          bigint  PRIMARY KEY,       -- dense, from 1
    body            text    NOT NULL,          -- canonical JSON of the act
    signature       bytea   NOT NULL,          -- by the officer it names; empty: an institution's
    seal_version    int     NOT NULL,
    seal            bytea   NOT NULL,
    CONSTRAINT clearing_act_number CHECK (number >= 1)
);

-- A period of a region that was closed; reopened it stays, and the next closing is a new version.
CREATE TABLE closing (
    region          text        NOT NULL,
    kind            text        NOT NULL,
    since           date        NOT NULL,
    version         int         NOT NULL,
    until           date        NOT NULL,
    closed_at       timestamptz NOT NULL,
    closed_by       text        NOT NULL,
    settlements     bigint      NOT NULL,      -- less undoings
    fund_fen        bigint      NOT NULL,
    account_fen     bigint      NOT NULL,
    differences     bigint      NOT NULL,      -- open ones that were accepted
    act             bigint      NOT NULL,
    reopened_at     timestamptz,
    reopened_record bigint,
    PRIMARY KEY (region, kind, since, version),
    CONSTRAINT closing_kind CHECK (kind IN ('day', 'month', 'year')),
    CONSTRAINT closing_reopened CHECK ((reopened_at IS NULL) = (reopened_record IS NULL))
);
CREATE UNIQUE INDEX closing_live ON closing (region, kind, since) WHERE reopened_at IS NULL;

-- What a region owes an institution for a closed month (清算单).
CREATE TABLE statement (
    region          text        NOT NULL,
    since           date        NOT NULL,
    version         int         NOT NULL,
    institution     text        NOT NULL,
    fund_fen        bigint      NOT NULL,
    account_fen     bigint      NOT NULL,
    rate_bp         int         NOT NULL,
    withheld_fen    bigint      NOT NULL,
    payable_fen     bigint      NOT NULL,
    digest          bytea       NOT NULL,      -- SM3 over its lines: what is confirmed
    state           text        NOT NULL,
    answered_at     timestamptz,
    reason          text        NOT NULL DEFAULT '',
    line            int         NOT NULL DEFAULT 0,
    act             bigint,                    -- the answer's
    PRIMARY KEY (region, since, version, institution),
    CONSTRAINT statement_state CHECK (state IN ('open', 'confirmed', 'disputed')),
    CONSTRAINT statement_answered CHECK ((state = 'open') = (answered_at IS NULL)),
    CONSTRAINT statement_parts CHECK (fund_fen + account_fen = withheld_fen + payable_fen)
);
CREATE INDEX statement_institution ON statement (institution, since);

CREATE TABLE statement_line (
    region          text    NOT NULL,
    since           date    NOT NULL,
    version         int     NOT NULL,
    institution     text    NOT NULL,
    number          int     NOT NULL,
    region_insured  text    NOT NULL,
    insurance       text    NOT NULL,
    clearing_type   text    NOT NULL,
    payer           text    NOT NULL,          -- fund_pay_type; 310200: personal accounts
    settlements     bigint  NOT NULL,          -- less undoings
    amount_fen      bigint  NOT NULL,
    PRIMARY KEY (region, since, version, institution, number)
);

-- What each payer gave each institution, act by act: debits of funds and accounts, credits deducted.
CREATE VIEW flow AS
SELECT j.day, j.institution, j.region_care, j.region_insured, j.insurance, j.clearing_type,
    CASE WHEN s.side LIKE 'FUND:%' THEN split_part(s.side, ':', 3) ELSE '310200' END AS payer,
    j.id, j.undoes_id IS NOT NULL AS undone, s.amount_fen
FROM journal j
JOIN posting p ON p.day = j.day AND p.journal_id = j.id AND p.bucket = j.bucket
CROSS JOIN LATERAL (VALUES (p.debit, p.amount_fen), (p.credit, -p.amount_fen))
    AS s(side, amount_fen)
WHERE j.kind <> 'opening' AND j.institution <> ''
    AND (s.side LIKE 'FUND:%' OR s.side LIKE 'MEMBER:%');

-- An institution's answer, sealed by the switch as the next act. MS001: another act was the next.
CREATE FUNCTION answer_statement(
    the_number bigint, the_body text, the_seal_version int, the_seal bytea,
    the_region text, the_since date, the_version int, the_institution text,
    the_state text, the_reason text, the_line int, the_time timestamptz
) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = medswitch, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(20181205);
    IF the_number <> (SELECT coalesce(max(number), 0) + 1 FROM clearing_act) THEN
        RAISE EXCEPTION 'another act came first' USING ERRCODE = 'MS001';
    END IF;
    -- A confirmed statement is final; a disputed one may be confirmed after all.
    UPDATE statement s SET state = the_state, reason = the_reason, line = the_line,
        answered_at = the_time, act = the_number
    FROM closing c
    WHERE s.region = the_region AND s.since = the_since AND s.version = the_version
        AND s.institution = the_institution AND s.state <> 'confirmed'
        AND c.region = s.region AND c.kind = 'month' AND c.since = s.since
        AND c.version = s.version AND c.reopened_at IS NULL;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    INSERT INTO clearing_act (number, body, signature, seal_version, seal)
    VALUES (the_number, the_body, '', the_seal_version, the_seal);
    RETURN true;
END $$;

GRANT SELECT ON cut_off, clearing_act, closing, statement, statement_line, flow
    TO medswitch_runtime;
REVOKE ALL ON FUNCTION answer_statement FROM PUBLIC;
GRANT EXECUTE ON FUNCTION answer_statement TO medswitch_runtime;
