-- E-vouchers: whose tokens are trusted, and which have settled.

SET search_path = medswitch;

CREATE TABLE voucher_issuer (
    issuer          text    PRIMARY KEY,
    algorithm       int     NOT NULL,          -- 1 SM2, 2 ECDSA P-256
    public_key      bytea   NOT NULL,          -- x, y
    since           date    NOT NULL,
    until           date,
    CONSTRAINT voucher_issuer_algorithm CHECK (algorithm IN (1, 2)),
    CONSTRAINT voucher_issuer_key CHECK (length(public_key) = 64)
);

-- A token settles once: its row comes with its settlement, under the person's version.
CREATE TABLE voucher_use (
    bucket          int     NOT NULL,
    member_id       text    NOT NULL,
    nonce           text    NOT NULL,          -- hexadecimal
    version         bigint  NOT NULL,
    request_id      text    NOT NULL,
    PRIMARY KEY (bucket, member_id, nonce)
);
GRANT SELECT ON voucher_issuer, voucher_use TO medswitch_runtime;

CREATE FUNCTION write_voucher_uses(the_rows jsonb) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = medswitch, pg_temp AS $$
    INSERT INTO voucher_use (bucket, member_id, nonce, version, request_id)
    SELECT k.bucket, k.member_id, k.nonce, k.version, k.request_id
    FROM jsonb_to_recordset(the_rows) AS k(bucket int, member_id text, nonce text, version bigint,
        request_id text)
$$;
REVOKE ALL ON FUNCTION write_voucher_uses FROM PUBLIC;

ALTER FUNCTION write_more(jsonb) RENAME TO write_more_before_vouchers;
CREATE FUNCTION write_more(the_more jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = medswitch, pg_temp AS $$
BEGIN
    PERFORM write_more_before_vouchers(the_more);
    IF the_more ? 'voucher_use' THEN
        PERFORM write_voucher_uses(the_more -> 'voucher_use');
    END IF;
END $$;
REVOKE ALL ON FUNCTION write_more FROM PUBLIC;
