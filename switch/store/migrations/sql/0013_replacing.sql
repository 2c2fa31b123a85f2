-- Part refunds: a settlement that replaces another posts two journals of one person, its own and the
-- undoing of what it replaces; its reversal posts two as well, its own and the restoring.
-- And adjustments: journals of the office, which correct what was settled in the past.
--
-- A partition holds a constraint in its own right: each gives it up before the parent gives them
-- the new one.

SET search_path = medswitch;

DO $$
DECLARE
    one record;
BEGIN
    ALTER TABLE journal DROP CONSTRAINT journal_kind, DROP CONSTRAINT journal_undo;
    ALTER TABLE undo DROP CONSTRAINT undo_kind;
    FOR one IN
        SELECT inhrelid::regclass AS child, constraint_name
        FROM pg_inherits
        CROSS JOIN unnest(ARRAY['journal_kind', 'journal_undo', 'undo_kind']) AS constraint_name
        WHERE inhparent IN ('journal'::regclass, 'undo'::regclass)
    LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I', one.child,
            one.constraint_name);
    END LOOP;
END $$;
ALTER TABLE journal
    ADD CONSTRAINT journal_kind CHECK (kind IN (
        'opening', 'settlement', 'shared', 'cancellation', 'reversal', 'replacement',
        'restoration', 'adjustment')),
    ADD CONSTRAINT journal_undo CHECK (
        (kind IN ('cancellation', 'reversal', 'replacement', 'restoration'))
            = (undoes_id IS NOT NULL)
        AND (undoes_id IS NULL) = (undoes_day IS NULL));
ALTER TABLE undo ADD CONSTRAINT undo_kind
    CHECK (kind IN ('cancellation', 'reversal', 'replacement', 'tombstone'));
