-- People who agreed to be known, the staff who enrol them, and what was done to whom.
-- BLOBs are sealed: a nonce of 24 bytes, then XChaCha20-Poly1305 with table, column and row as associated data.
-- Times are milliseconds since 1970-01-01 UTC. Never edit this file: add the next number.

CREATE TABLE staff (
    id         TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36), -- UUIDv7
    name       TEXT NOT NULL CHECK (trim(name) <> ''),            -- personal
    pin_hash   TEXT,                                              -- PHC string, argon2id
    created_at INTEGER NOT NULL,
    removed_at INTEGER,
    CHECK ((removed_at IS NULL) = (pin_hash IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE visitors (
    id             TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36), -- UUIDv7
    name           BLOB,                                              -- personal, sealed
    phone          BLOB,                                              -- personal, sealed; NULL: none
    email          BLOB,                                              -- personal, sealed; NULL: none
    note           BLOB,                                              -- personal, sealed; NULL: none
    language       TEXT CHECK (length(language) = 2),                 -- they are spoken to in
    created_at     INTEGER NOT NULL,
    last_visit_at  INTEGER,                                           -- the last one in which they were recognised
    retained_until INTEGER,
    forgotten_at   INTEGER,                                           -- then nothing but these two times is left
    CHECK ((forgotten_at IS NULL) = (name IS NOT NULL)),
    CHECK ((forgotten_at IS NULL) = (language IS NOT NULL)),
    CHECK ((forgotten_at IS NULL) = (retained_until IS NOT NULL)),
    CHECK (forgotten_at IS NULL OR coalesce(phone, email, note, last_visit_at) IS NULL)
) STRICT, WITHOUT ROWID;

CREATE INDEX visitors_by_retention ON visitors (retained_until) WHERE forgotten_at IS NULL;

CREATE TABLE consents (
    id           TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),   -- UUIDv7
    visitor      TEXT NOT NULL REFERENCES visitors (id),
    text_version TEXT NOT NULL CHECK (text_version <> ''),
    text_sha256  TEXT NOT NULL CHECK (length(text_sha256) = 64),      -- of the file that was agreed to
    language     TEXT NOT NULL CHECK (length(language) = 2),          -- in which it was read
    agreed_at    INTEGER NOT NULL,
    staff        TEXT REFERENCES staff (id),                          -- NULL: on the command line
    covers_crops INTEGER NOT NULL CHECK (covers_crops IN (0, 1))
) STRICT, WITHOUT ROWID;

CREATE INDEX consents_by_visitor ON consents (visitor, agreed_at);

CREATE TABLE embeddings (
    id         TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),     -- UUIDv7
    visitor    TEXT NOT NULL REFERENCES visitors (id),
    recogniser TEXT NOT NULL CHECK (recogniser <> ''),                -- a model's name: others' numbers mean nothing to it
    pose       TEXT NOT NULL CHECK (pose IN ('front', 'left', 'right', 'up', 'down')),
    quality    REAL NOT NULL,                                         -- sharpness of the picture, 0..1
    vector     BLOB NOT NULL,                                         -- biometric, sealed: f32, little-endian
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX embeddings_by_visitor ON embeddings (visitor, recogniser);

CREATE TABLE crops (
    id         TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),     -- UUIDv7
    visitor    TEXT NOT NULL REFERENCES visitors (id),
    pose       TEXT NOT NULL CHECK (pose IN ('front', 'left', 'right', 'up', 'down')),
    quality    REAL NOT NULL,
    picture    BLOB NOT NULL,                                         -- biometric, sealed: PNG, 112 × 112
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX crops_by_visitor ON crops (visitor);

-- A crop is kept only where the person's newest consent covers it.
CREATE TRIGGER crops_need_consent BEFORE INSERT ON crops
WHEN coalesce((SELECT covers_crops FROM consents WHERE visitor = new.visitor ORDER BY agreed_at DESC, id DESC LIMIT 1), 0) = 0
BEGIN
    SELECT raise(ABORT, 'no consent covers this crop');
END;

CREATE TABLE audit_log (
    id      TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),        -- UUIDv7
    at      INTEGER NOT NULL,
    actor   TEXT NOT NULL CHECK (actor IN ('kiosk', 'command_line', 'visitor', 'unknown') OR length(actor) = 36), -- else of staff
    action  TEXT NOT NULL CHECK (action <> ''),
    subject TEXT NOT NULL,                                            -- the id of a visitor or of staff, or empty
    detail  TEXT NOT NULL                                             -- nothing secret, nothing personal
) STRICT, WITHOUT ROWID;

CREATE INDEX audit_log_by_time ON audit_log (at);

ALTER TABLE visits ADD COLUMN visitor TEXT REFERENCES visitors (id);  -- who was recognised; NULL: nobody, or forgotten

CREATE INDEX visits_by_visitor ON visits (visitor) WHERE visitor IS NOT NULL;

-- Counts changes of what is known of faces and names, whoever makes them, so that a running kiosk notices.
CREATE TABLE people_changes (
    one   INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    count INTEGER NOT NULL
) STRICT;

INSERT INTO people_changes VALUES (1, 0);

CREATE TRIGGER embeddings_added AFTER INSERT ON embeddings BEGIN UPDATE people_changes SET count = count + 1; END;
CREATE TRIGGER embeddings_removed AFTER DELETE ON embeddings BEGIN UPDATE people_changes SET count = count + 1; END;
CREATE TRIGGER visitors_changed AFTER UPDATE OF name, language, forgotten_at ON visitors
BEGIN UPDATE people_changes SET count = count + 1; END;
