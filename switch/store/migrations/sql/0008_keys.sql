-- Keys under maker and checker: what lies ready until a change is approved, and what leaves.
--
-- All of it is wrapped: components and offers under the deployment's key-encryption key, parcels
-- under a transport key. Operators only: the runtime role is given no right on these tables.

SET search_path = medswitch;

ALTER TABLE vault_key ADD CONSTRAINT vault_key_state
    CHECK (state IN ('pending', 'live', 'suspended', 'retired'));

-- Components that custodians entered; gone when their key is loaded.
CREATE TABLE key_component (
    key         text    NOT NULL,
    part        int     NOT NULL,
    parts       int     NOT NULL,
    officer     text    NOT NULL,              -- the custodian
    kcv         text    NOT NULL,
    nonce       bytea   NOT NULL,
    wrapped     bytea   NOT NULL,
    PRIMARY KEY (key, part),
    CONSTRAINT key_component_part CHECK (part BETWEEN 1 AND parts AND parts BETWEEN 2 AND 5),
    CONSTRAINT key_component_custodian UNIQUE (key, officer)   -- nobody knows two
);

-- Keys of a proposed load. The change says what they are; here lies the wrapping.
CREATE TABLE key_offer (
    change      bigint  NOT NULL,
    key         text    NOT NULL,
    kek_id      text    NOT NULL,
    nonce       bytea   NOT NULL,
    wrapped     bytea   NOT NULL,
    PRIMARY KEY (change, key)
);

-- Child keys that an approved change let out, for their partner to fetch.
CREATE TABLE key_parcel (
    change      bigint  PRIMARY KEY,
    parcel      text    NOT NULL               -- canonical JSON
);
