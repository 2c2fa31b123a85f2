-- What else policies ask for: a person's dated attributes, and an institution's words.

SET search_path = medswitch;

-- idetinfo, psn_insu_stas: [word, since, until or null] each, such as ["poor_household", ...]. They
-- stand on the member row: they are read with it, and a change bumps its version.
ALTER TABLE member ADD COLUMN standings jsonb NOT NULL DEFAULT '[]';
ALTER TABLE institution ADD COLUMN tags text[] NOT NULL DEFAULT '{}';
