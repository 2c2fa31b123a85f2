-- What an institution keeps, and what payers gave it, where a bill was refunded in part, corrected by
-- the office, or paid by relatives, too.
--
-- A relative's part is a journal beside the settlement's, which carries the whole bill: it is no act
-- of its own. What a reversal restores is an act of the settlement that stands again.

SET search_path = medswitch;

-- The journal that first settled what a journal undoes, restores or undoes again.
CREATE FUNCTION first_settled(
    the_day date, the_id bigint, the_bucket int, OUT request_id text, OUT kind text
)
LANGUAGE sql STABLE STRICT SET search_path = medswitch, pg_temp AS $$
    WITH RECURSIVE up AS (
        SELECT j.request_id, j.kind, j.undoes_day, j.undoes_id FROM journal j
        WHERE j.day = the_day AND j.id = the_id AND j.bucket = the_bucket
        UNION ALL
        SELECT j.request_id, j.kind, j.undoes_day, j.undoes_id
        FROM up JOIN journal j
            ON j.day = up.undoes_day AND j.id = up.undoes_id AND j.bucket = the_bucket
    )
    SELECT up.request_id, up.kind FROM up WHERE up.undoes_id IS NULL
$$;
REVOKE ALL ON FUNCTION first_settled FROM PUBLIC;
GRANT EXECUTE ON FUNCTION first_settled TO medswitch_runtime;

CREATE OR REPLACE VIEW act AS
SELECT j.institution, j.day,
    coalesce(f.request_id, o.request_id, j.request_id) AS settlement,
    (j.undoes_id IS NOT NULL AND j.kind <> 'restoration') AS undone, j.member_id, j.insurance,
    j.clearing_type, j.region_insured, j.total_fen, p.fund_fen, p.account_fen, j.id, j.bucket,
    j.request_id
FROM journal j
LEFT JOIN journal o ON o.day = j.undoes_day AND o.id = j.undoes_id AND o.bucket = j.bucket
LEFT JOIN LATERAL first_settled(o.day, o.id, o.bucket) f ON o.undoes_id IS NOT NULL
CROSS JOIN LATERAL (
    SELECT coalesce(sum(CASE WHEN p.debit LIKE 'FUND:%' THEN p.amount_fen
                             WHEN p.credit LIKE 'FUND:%' THEN -p.amount_fen END), 0)::bigint
               AS fund_fen,
           coalesce(sum(CASE WHEN p.debit LIKE 'MEMBER:%' THEN p.amount_fen
                             WHEN p.credit LIKE 'MEMBER:%' THEN -p.amount_fen END), 0)::bigint
               AS account_fen
    FROM posting p WHERE p.day = j.day AND p.journal_id = j.id AND p.bucket = j.bucket
) p
WHERE j.kind <> 'opening' AND coalesce(f.kind, o.kind, j.kind) <> 'shared'
    AND j.institution <> '';

CREATE OR REPLACE VIEW flow AS
SELECT j.day, j.institution, j.region_care, j.region_insured, j.insurance, j.clearing_type,
    CASE WHEN s.side LIKE 'FUND:%' THEN split_part(s.side, ':', 3) ELSE '310200' END AS payer,
    j.id, (j.undoes_id IS NOT NULL AND j.kind <> 'restoration') AS undone, s.amount_fen,
    (coalesce(f.kind, o.kind, j.kind) <> 'shared') AS counted
FROM journal j
LEFT JOIN journal o ON o.day = j.undoes_day AND o.id = j.undoes_id AND o.bucket = j.bucket
LEFT JOIN LATERAL first_settled(o.day, o.id, o.bucket) f ON o.undoes_id IS NOT NULL
JOIN posting p ON p.day = j.day AND p.journal_id = j.id AND p.bucket = j.bucket
CROSS JOIN LATERAL (VALUES (p.debit, p.amount_fen), (p.credit, -p.amount_fen))
    AS s(side, amount_fen)
WHERE j.kind <> 'opening' AND j.institution <> ''
    AND (s.side LIKE 'FUND:%' OR s.side LIKE 'MEMBER:%');
