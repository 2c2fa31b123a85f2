-- Reference data: written rarely, cached by every process, guarded by one epoch.
-- Names: the national interface's field stands in the comment beside a column that has one.

CREATE SCHEMA medswitch;
SET search_path = medswitch;

-- Bumped by every change of reference data; compared inside every posting transaction, so that a
-- decision made under old rules cannot be posted under new ones.
CREATE TABLE epoch (
    one     boolean PRIMARY KEY DEFAULT true,
    epoch   bigint  NOT NULL,
    CONSTRAINT epoch_single CHECK (one)
);
INSERT INTO epoch (epoch) VALUES (1);

CREATE TABLE institution (                     -- 定点医药机构 (fixmedins_code)
    code                text    PRIMARY KEY,
    name                text    NOT NULL,
    region              text    NOT NULL,      -- the pooling region it lies in: place of care
    level               text    NOT NULL,
    deductible_level    text    NOT NULL,
    kinds               text[]  NOT NULL,
    since               date    NOT NULL,
    until               date,
    cross_city_since    date,
    cross_city_until    date,
    CONSTRAINT institution_code CHECK (code ~ '^[A-Z0-9]{12}$'),
    CONSTRAINT institution_dates CHECK (until IS NULL OR until >= since)
);

CREATE TABLE terminal (
    terminal_id     text    PRIMARY KEY,
    institution     text    NOT NULL,
    class           text    NOT NULL,
    active          boolean NOT NULL,
    CONSTRAINT terminal_class CHECK (class IN ('institution', 'agency'))
);

-- Keys at rest, wrapped under the key-encryption key: terminal master keys, tier keys, vault keys.
CREATE TABLE vault_key (
    key_id      text    PRIMARY KEY,
    kind        text    NOT NULL,
    tier        text    NOT NULL,
    scope       text    NOT NULL,              -- region code, terminal id, or ''
    function    text    NOT NULL,
    suite       int     NOT NULL,
    version     int     NOT NULL,
    state       text    NOT NULL,
    ends_on     date,                          -- a TDES terminal key is opened to an end date
    kek_id      text    NOT NULL,
    nonce       bytea   NOT NULL,
    wrapped     bytea   NOT NULL,
    kcv         bytea   NOT NULL,
    CONSTRAINT vault_key_once UNIQUE (kind, tier, scope, function, suite, version)
);
CREATE INDEX vault_key_scope ON vault_key (scope) WHERE kind = 'terminal';

-- Sessions are rows: nonces, suite, version, expiry. Never the key.
CREATE TABLE session (
    session_id      bytea       PRIMARY KEY,
    terminal_id     text        NOT NULL,
    institution     text        NOT NULL,
    class           text        NOT NULL,
    suite           int         NOT NULL,
    key_version     int         NOT NULL,
    nonce_t         bytea       NOT NULL,
    nonce_s         bytea       NOT NULL,
    opened_at       timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL,
    ended_at        timestamptz,
    CONSTRAINT session_nonce_once UNIQUE (terminal_id, nonce_t)
);

CREATE TABLE rule_book (
    hash            text        NOT NULL,
    region          text        NOT NULL,
    texts           jsonb       NOT NULL,      -- file name -> TOML text, kept for ever
    activated_at    timestamptz NOT NULL,
    PRIMARY KEY (region, hash)
);

CREATE TABLE catalogue_item (                  -- 就医地目录
    region      text    NOT NULL,
    code        text    NOT NULL,
    since       text    NOT NULL,
    item        jsonb   NOT NULL,
    PRIMARY KEY (region, code, since)
);

-- One open window per book, one per day and book for ever; the intercity book is 'INTERCITY'.
CREATE TABLE clearing_window (
    book        text        NOT NULL,
    day         date        NOT NULL,
    opened_at   timestamptz NOT NULL,
    closed_at   timestamptz,
    PRIMARY KEY (book, day)
);
CREATE UNIQUE INDEX clearing_window_open ON clearing_window (book) WHERE closed_at IS NULL;
