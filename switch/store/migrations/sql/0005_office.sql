-- Officers, changes under maker and checker, and the sealed log of every act at the office.
--
-- `audit_record` is the truth: append-only, dense, each sealed over the one before. The other tables
-- are what the records come to, kept so that nobody must read them all; the audit compares them.
-- Written on an operator's connection only. The runtime role reads which rule book is in force.

SET search_path = medswitch;

CREATE TABLE officer (                         -- 经办人
    name            text    PRIMARY KEY,
    public_key      bytea   NOT NULL,          -- Ed25519; the private key is in no database
    roles           text[]  NOT NULL,
    state           text    NOT NULL,
    CONSTRAINT officer_key_once UNIQUE (public_key),
    CONSTRAINT officer_key_bytes CHECK (length(public_key) = 32),
    CONSTRAINT officer_roles CHECK (cardinality(roles) > 0),
    CONSTRAINT officer_state CHECK (state IN ('active', 'retired'))
);

-- Expiry is no state of its own here: a waiting change is expired from `expires_at` on.
CREATE TABLE change (
    number          bigint      PRIMARY KEY,   -- dense, from 1
    kind            text        NOT NULL,
    content         text        NOT NULL,      -- canonical JSON, as it was signed
    maker           text        NOT NULL,
    made_at         timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL,
    reason          text        NOT NULL,
    digest          text        NOT NULL,      -- SHA-256 of the signed proposal
    record          bigint      NOT NULL,      -- the audit record of the proposal
    state           text        NOT NULL,
    decided_by      text,
    decided_at      timestamptz,
    decided_reason  text,
    decided_record  bigint,
    CONSTRAINT change_state CHECK (state IN ('waiting', 'approved', 'refused', 'withdrawn')),
    CONSTRAINT change_decided CHECK (
        (state = 'waiting') = (decided_by IS NULL)
        AND (decided_by IS NULL) = (decided_at IS NULL)
        AND (decided_by IS NULL) = (decided_reason IS NULL)
        AND (decided_by IS NULL) = (decided_record IS NULL)
    ),
    -- Four eyes, also where the program is wrong.
    CONSTRAINT change_four_eyes CHECK (
        CASE state
            WHEN 'approved' THEN decided_by <> maker
            WHEN 'refused' THEN decided_by <> maker
            WHEN 'withdrawn' THEN decided_by = maker
            ELSE true
        END
    )
);
CREATE INDEX change_waiting ON change (number) WHERE state = 'waiting';

CREATE TABLE audit_record (
    number          bigint  PRIMARY KEY,       -- dense, from 1; the seal's link is lane 0's
    body            text    NOT NULL,          -- canonical JSON of the act
    signature       bytea   NOT NULL,          -- by the officer the body names; empty: genesis
    seal_version    int     NOT NULL,
    seal            bytea   NOT NULL,
    CONSTRAINT audit_record_number CHECK (number BETWEEN 1 AND 268435455)
);

-- Which book is in force in a region: the latest `active_from` up to the business day; of two for
-- one day, the later record's.
CREATE TABLE rule_book_activation (
    region          text    NOT NULL,
    hash            text    NOT NULL,
    active_from     date    NOT NULL,          -- business day
    record          bigint  NOT NULL,          -- the audit record that put it in force
    change          bigint  NOT NULL,          -- the change it approved; 0: the genesis
    PRIMARY KEY (region, active_from, record)
);

-- Books of before stay in force; the audit says that no record stands behind them.
INSERT INTO rule_book_activation (region, hash, active_from, record, change)
SELECT region, hash, (activated_at AT TIME ZONE 'Asia/Shanghai')::date, 0, 0
FROM (
    SELECT DISTINCT ON (region) region, hash, activated_at FROM rule_book
    ORDER BY region, activated_at DESC, hash
) AS latest;
ALTER TABLE rule_book RENAME COLUMN activated_at TO kept_at;

GRANT SELECT ON rule_book_activation TO medswitch_runtime;
