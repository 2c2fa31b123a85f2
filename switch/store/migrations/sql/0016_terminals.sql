-- Terminals at the office: when a lock was ended, and what each said of itself when it was last seen.

SET search_path = medswitch;

ALTER TABLE terminal ADD COLUMN unlocked_at timestamptz;   -- an operator ended the lock of a misuse

CREATE TABLE terminal_seen (
    terminal_id     text        PRIMARY KEY,
    software        text        NOT NULL,      -- as the terminal said it at its last sign-in
    signed_in_at    timestamptz NOT NULL,
    seen_at         timestamptz NOT NULL       -- its last sign-in or heartbeat
);
GRANT SELECT ON terminal_seen TO medswitch_runtime;

-- `the_software` NULL: a heartbeat, of a terminal that has signed in.
CREATE FUNCTION note_terminal(the_terminal text, the_software text, the_time timestamptz)
RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = medswitch, pg_temp AS $$
    INSERT INTO terminal_seen AS s (terminal_id, software, signed_in_at, seen_at)
    SELECT t.terminal_id, coalesce(the_software, ''), the_time, the_time
    FROM terminal t WHERE t.terminal_id = the_terminal
    ON CONFLICT (terminal_id) DO UPDATE SET
        software = coalesce(the_software, s.software),
        signed_in_at = CASE WHEN the_software IS NULL THEN s.signed_in_at ELSE the_time END,
        seen_at = greatest(s.seen_at, the_time)
$$;
REVOKE ALL ON FUNCTION note_terminal FROM PUBLIC;
GRANT EXECUTE ON FUNCTION note_terminal TO medswitch_runtime;
