-- People, the request register, journals and postings: the hot tables.
-- Every hot table carries `bucket`, a pure hash of the member, 0..1023 (design section 9).
-- Append-only: the runtime role may read and may execute `post`; it holds no INSERT, UPDATE or
-- DELETE on any of these. CHECKs stand at table level, where a catalogue query finds them.

SET search_path = medswitch;

-- One version guards a person: every change of anything adjudication reads bumps it.
-- fillfactor 70 leaves room for HOT updates: no index stands on a column that changes.
CREATE TABLE member (
    bucket                  int     NOT NULL,
    member_id               text    NOT NULL,  -- psn_no
    version                 bigint  NOT NULL,
    ssn                     text    NOT NULL,  -- certno, the social security number
    name                    text    NOT NULL,
    sex                     text    NOT NULL,
    born_on                 date    NOT NULL,
    card_identifier         bytea   NOT NULL,
    card_status             text    NOT NULL,
    locked_since            date,
    locked_until            date,
    atc                     bigint  NOT NULL,
    account_current_fen     bigint  NOT NULL,
    account_earlier_fen     bigint  NOT NULL,
    accumulators            jsonb   NOT NULL,  -- the latest year of each scheme
    PRIMARY KEY (bucket, member_id),
    CONSTRAINT member_person UNIQUE (bucket, ssn),
    CONSTRAINT member_bucket CHECK (bucket BETWEEN 0 AND 1023),
    CONSTRAINT member_version CHECK (version >= 1),
    CONSTRAINT member_atc CHECK (atc >= 0),
    CONSTRAINT member_current_not_negative CHECK (account_current_fen >= 0),
    CONSTRAINT member_earlier_not_negative CHECK (account_earlier_fen >= 0)
) WITH (fillfactor = 70);

CREATE TABLE card (
    bucket          int     NOT NULL,
    identifier      bytea   NOT NULL,
    member_id       text    NOT NULL,
    number          text    NOT NULL,
    suite           int     NOT NULL,
    key_version     int     NOT NULL,
    specification   text    NOT NULL,
    issued_on       date    NOT NULL,
    expires_on      date    NOT NULL,
    PRIMARY KEY (bucket, identifier)
);

CREATE TABLE enrolment (
    bucket          int     NOT NULL,
    member_id       text    NOT NULL,
    region          text    NOT NULL,          -- insuplc_admdvs
    insurance       text    NOT NULL,          -- insutype
    member_class    text    NOT NULL,
    since           date    NOT NULL,
    until           date,
    PRIMARY KEY (bucket, member_id, region, insurance, since)
);

CREATE TABLE filing (
    bucket          int     NOT NULL,
    member_id       text    NOT NULL,
    filing_id       text    NOT NULL,
    kind            text    NOT NULL,
    region          text    NOT NULL,
    place           text    NOT NULL,
    disease_code    text    NOT NULL,
    since           date    NOT NULL,
    until           date,
    PRIMARY KEY (bucket, member_id, filing_id)
);

-- Accumulators of earlier insurance years, written only when touched.
CREATE TABLE member_year (
    bucket          int     NOT NULL,
    member_id       text    NOT NULL,
    year_key        text    NOT NULL,
    accumulators    jsonb   NOT NULL,
    PRIMARY KEY (bucket, member_id, year_key)
);

-- Every change of a person that no request made: opening, card, filing, enrolment.
CREATE TABLE member_event (
    bucket          int         NOT NULL,
    member_id       text        NOT NULL,
    version         bigint      NOT NULL,
    kind            text        NOT NULL,
    actor           text        NOT NULL,
    detail          jsonb       NOT NULL,
    at              timestamptz NOT NULL,
    PRIMARY KEY (bucket, member_id, version)
);

-- The request register. The key is the id alone (with its month), not the bucket: an id used for
-- two people of two buckets must meet itself. A tombstone is a row of method 'Tombstone'.
CREATE TABLE request (
    month           date        NOT NULL,      -- first day of the month in the id
    request_id      text        NOT NULL,      -- msgid
    bucket          int         NOT NULL,
    position        int         NOT NULL,
    lane            int         NOT NULL,
    batch           bigint      NOT NULL,
    method          text        NOT NULL,
    terminal_id     text        NOT NULL,
    session_id      bytea       NOT NULL,
    seq             bigint      NOT NULL,
    mac             bytea       NOT NULL,
    body            bytea       NOT NULL,      -- the claim, as it came
    code            int         NOT NULL,
    reply           bytea       NOT NULL,      -- the answer, with its working, as it went
    member_id       text        NOT NULL,      -- '' when no person was found
    member_version  bigint,                    -- the version this request made, if it made one
    atc             bigint,                    -- the counter this request stored, if it did
    journal_day     date,
    journal_id      bigint,
    snapshot        bytea       NOT NULL,      -- the person as the decision saw him
    rule_book       text        NOT NULL,
    received_at     timestamptz NOT NULL,
    posted_at       timestamptz NOT NULL,
    PRIMARY KEY (month, request_id)
) PARTITION BY RANGE (month);

CREATE TABLE journal (
    day                 date        NOT NULL,  -- business day
    id                  bigint      NOT NULL,
    bucket              int         NOT NULL,
    window_book         text        NOT NULL,
    kind                text        NOT NULL,
    request_id          text        NOT NULL,
    institution         text        NOT NULL,
    member_id           text        NOT NULL,
    member_version      bigint      NOT NULL,
    region_insured      text        NOT NULL,
    region_care         text        NOT NULL,
    insurance           text        NOT NULL,
    clearing_type       text        NOT NULL,  -- clr_type
    total_fen           bigint      NOT NULL,  -- medfee_sumamt; negative for an undo
    account_current_delta_fen   bigint NOT NULL,
    account_earlier_delta_fen   bigint NOT NULL,
    deltas              jsonb       NOT NULL,  -- year key -> accumulator -> change
    consulted           text[]      NOT NULL,  -- accumulators this decision read
    undoes_day          date,
    undoes_id           bigint,
    posted_at           timestamptz NOT NULL,
    PRIMARY KEY (day, id, bucket),
    CONSTRAINT journal_kind CHECK (kind IN ('opening', 'settlement', 'cancellation', 'reversal')),
    CONSTRAINT journal_undo CHECK (
        (kind IN ('cancellation', 'reversal')) = (undoes_id IS NOT NULL)
        AND (undoes_id IS NULL) = (undoes_day IS NULL)
    )
) PARTITION BY RANGE (day);
CREATE INDEX journal_member ON journal (member_id, day);
CREATE INDEX journal_institution ON journal (institution, day);

CREATE TABLE posting (
    day             date    NOT NULL,
    journal_id      bigint  NOT NULL,
    number          int     NOT NULL,
    bucket          int     NOT NULL,
    book            text    NOT NULL,
    debit           text    NOT NULL,
    credit          text    NOT NULL,
    amount_fen      bigint  NOT NULL,
    PRIMARY KEY (day, journal_id, number, bucket),
    CONSTRAINT posting_positive CHECK (amount_fen > 0),
    CONSTRAINT posting_two_accounts CHECK (debit <> credit)
) PARTITION BY RANGE (day);

-- The only way to undo: at most one row per original.
CREATE TABLE undo (
    month           date        NOT NULL,      -- of the original's id
    original_id     text        NOT NULL,
    bucket          int         NOT NULL,
    kind            text        NOT NULL,
    by_request_id   text        NOT NULL,
    at              timestamptz NOT NULL,
    PRIMARY KEY (month, original_id),
    CONSTRAINT undo_kind CHECK (kind IN ('cancellation', 'reversal', 'tombstone'))
) PARTITION BY RANGE (month);

-- A lane is one connection of one process; its number is never used again.
CREATE TABLE lane (
    lane        int         PRIMARY KEY,
    born_at     timestamptz NOT NULL,
    CONSTRAINT lane_bits CHECK (lane BETWEEN 1 AND 16777215)
);

-- One row per commit of a lane, numbered without gaps, carrying its sums per account (no row is
-- ever updated for a fund) and its seal: HMAC-SM3 over number, previous seal and rows.
CREATE TABLE batch (
    lane        int         NOT NULL,
    batch       bigint      NOT NULL,
    posted_at   timestamptz NOT NULL,
    requests    int         NOT NULL,
    journals    int         NOT NULL,
    sums        jsonb       NOT NULL,          -- "book account" -> credits minus debits, fen
    seal_version int        NOT NULL,
    seal        bytea       NOT NULL,
    PRIMARY KEY (lane, batch)
);

-- Makes the month partitions of `through` and every month from `since`; safe to repeat.
CREATE FUNCTION ensure_partitions(since date, through date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = medswitch, pg_temp AS $$
DECLARE
    first date := date_trunc('month', since)::date;
    parent text;
    child text;
BEGIN
    PERFORM pg_advisory_xact_lock(20181201, 2);
    WHILE first <= through LOOP
        FOREACH parent IN ARRAY ARRAY['request', 'journal', 'posting', 'undo'] LOOP
            child := parent || '_' || to_char(first, 'YYYYMM');
            IF to_regclass(child) IS NULL THEN
                EXECUTE format(
                    'CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)',
                    child, parent);
                EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                    parent, child, first, (first + interval '1 month')::date);
            END IF;
        END LOOP;
        first := (first + interval '1 month')::date;
    END LOOP;
END $$;
