-- Paying what confirmed statements come to: files for partner banks, and what the banks report.

SET search_path = medswitch;

-- Where regions and institutions have money. A region has one paying account a partner bank.
CREATE TABLE bank_account (
    owner       text    NOT NULL,
    bank        text    NOT NULL,              -- BICFI
    account     text    NOT NULL,
    name        text    NOT NULL,
    PRIMARY KEY (owner, bank),
    CONSTRAINT bank_account_bank CHECK (bank ~ '^[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?$'),
    CONSTRAINT bank_account_number CHECK (account ~ '^[0-9A-Z]{1,34}$'),
    CONSTRAINT bank_account_name CHECK (length(name) BETWEEN 1 AND 140)
);

CREATE TABLE payment_file (                    -- one pain.001
    message_id      text        PRIMARY KEY,
    region          text        NOT NULL,
    since           date        NOT NULL,      -- the month it pays
    bank            text        NOT NULL,
    account         text        NOT NULL,
    name            text        NOT NULL,
    created_at      timestamptz NOT NULL,
    execute_on      date        NOT NULL,
    total_fen       bigint      NOT NULL,
    act             bigint      NOT NULL
);

CREATE TABLE payment (
    end_to_end_id   text        PRIMARY KEY,
    message_id      text        NOT NULL,
    region          text        NOT NULL,
    since           date        NOT NULL,
    version         int         NOT NULL,
    payee           text        NOT NULL,
    attempt         int         NOT NULL,
    bank            text        NOT NULL,
    account         text        NOT NULL,
    name            text        NOT NULL,
    amount_fen      bigint      NOT NULL,
    state           text        NOT NULL,
    reason          text        NOT NULL DEFAULT '',
    act             bigint      NOT NULL,      -- the last act about it
    CONSTRAINT payment_attempt UNIQUE (region, since, payee, attempt),
    CONSTRAINT payment_positive CHECK (amount_fen > 0),
    CONSTRAINT payment_state CHECK (state IN ('instructed', 'accepted', 'rejected', 'returned'))
);
-- Nobody is paid twice for a month, also where the program is wrong.
CREATE UNIQUE INDEX payment_once ON payment (region, since, payee)
    WHERE state IN ('instructed', 'accepted');

-- The postings of clearing acts, beside those of settlements: balance = both together.
CREATE TABLE clearing_posting (
    act             bigint  NOT NULL,
    number          int     NOT NULL,
    book            text    NOT NULL,
    debit           text    NOT NULL,
    credit          text    NOT NULL,
    amount_fen      bigint  NOT NULL,
    PRIMARY KEY (act, number),
    CONSTRAINT clearing_posting_positive CHECK (amount_fen > 0),
    CONSTRAINT clearing_posting_two_accounts CHECK (debit <> credit)
);

GRANT SELECT ON bank_account, payment_file, payment, clearing_posting TO medswitch_runtime;
