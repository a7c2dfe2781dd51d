-- Appointments, what is remembered of visitors, what services cost.
-- BLOBs are sealed as in 0002, except visitors.phone_hash. Times are milliseconds since 1970-01-01 UTC.
-- Never edit this file: add the next number.

CREATE TABLE appointments (
    id         TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),     -- UUIDv7
    code       TEXT NOT NULL UNIQUE CHECK (code <> ''),               -- what the visitor names it by
    host       TEXT NOT NULL CHECK (host <> ''),                      -- the id of [[appointments.hosts]]
    start_at   INTEGER NOT NULL,
    end_at     INTEGER NOT NULL,
    status     TEXT NOT NULL CHECK (status IN ('booked', 'cancelled')),
    visitor    TEXT REFERENCES visitors (id),                         -- whose; NULL: of nobody on record, or forgotten
    visit      TEXT REFERENCES visits (id) ON DELETE SET NULL,        -- in which it was booked
    name       BLOB,                                                  -- personal, sealed; NULL: not given
    phone      BLOB,                                                  -- personal, sealed: E.164; NULL: not given
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    CHECK (end_at - start_at BETWEEN 300000 AND 28800000),            -- 5 minutes to 8 hours
    CHECK (status = 'booked' OR coalesce(name, phone) IS NULL)
) STRICT, WITHOUT ROWID;

-- A host is met by one at a time: not twice at the same time, and not in each other's time.
CREATE UNIQUE INDEX appointments_once ON appointments (host, start_at) WHERE status = 'booked';
CREATE INDEX appointments_by_visitor ON appointments (visitor, start_at) WHERE visitor IS NOT NULL;
CREATE INDEX appointments_by_visit ON appointments (visit) WHERE visit IS NOT NULL;
CREATE INDEX appointments_by_time ON appointments (start_at);

CREATE TRIGGER appointments_do_not_overlap BEFORE INSERT ON appointments
WHEN new.status = 'booked' AND EXISTS (
    SELECT 1 FROM appointments WHERE host = new.host AND status = 'booked'
    AND start_at > new.start_at - 28800000 AND start_at < new.end_at AND end_at > new.start_at)
BEGIN
    SELECT raise(ABORT, 'the host has another appointment then');
END;

CREATE TRIGGER appointments_do_not_come_to_overlap BEFORE UPDATE OF host, start_at, end_at, status ON appointments
WHEN new.status = 'booked' AND EXISTS (
    SELECT 1 FROM appointments WHERE host = new.host AND status = 'booked' AND id <> new.id
    AND start_at > new.start_at - 28800000 AND start_at < new.end_at AND end_at > new.start_at)
BEGIN
    SELECT raise(ABORT, 'the host has another appointment then');
END;

CREATE TABLE preferences (
    id         TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),     -- UUIDv7
    visitor    TEXT NOT NULL REFERENCES visitors (id),
    text       BLOB NOT NULL,                                         -- personal, sealed
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX preferences_by_visitor ON preferences (visitor);

CREATE TABLE visit_summaries (
    visit       TEXT NOT NULL PRIMARY KEY REFERENCES visits (id) ON DELETE CASCADE,
    visitor     TEXT REFERENCES visitors (id),                        -- NULL: of nobody on record, or forgotten
    at          INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL CHECK (duration_ms >= 0),
    cost        INTEGER NOT NULL CHECK (cost >= 0),                   -- millionths of the currency
    summary     BLOB                                                  -- personal, sealed: JSON; NULL: forgotten, or no key
) STRICT, WITHOUT ROWID;

CREATE INDEX visit_summaries_by_visitor ON visit_summaries (visitor, at) WHERE visitor IS NOT NULL;

-- What each run of the program has used of a model on a day: its sums so far, so that writing them twice does no harm.
CREATE TABLE usage_days (
    day           TEXT NOT NULL CHECK (day GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'), -- in the stand's time zone
    run           TEXT NOT NULL CHECK (length(run) = 36),             -- UUIDv7
    kind          TEXT NOT NULL CHECK (kind IN ('speech_to_text', 'language_model', 'text_to_speech')),
    provider      TEXT NOT NULL,
    model         TEXT NOT NULL,
    audio_ms      INTEGER NOT NULL CHECK (audio_ms >= 0),
    input_tokens  INTEGER NOT NULL CHECK (input_tokens >= 0),
    cached_tokens INTEGER NOT NULL CHECK (cached_tokens >= 0),
    output_tokens INTEGER NOT NULL CHECK (output_tokens >= 0),
    characters    INTEGER NOT NULL CHECK (characters >= 0),
    cost          INTEGER NOT NULL CHECK (cost >= 0),                 -- millionths of the currency
    PRIMARY KEY (day, run, kind, provider, model)
) STRICT, WITHOUT ROWID;

-- To find somebody by their number: HMAC-SHA-256 of the number as E.164. NULL: not made yet; empty: it is no number.
ALTER TABLE visitors ADD COLUMN phone_hash BLOB CHECK (phone_hash IS NULL OR phone IS NOT NULL);

CREATE INDEX visitors_by_phone ON visitors (phone_hash) WHERE phone_hash IS NOT NULL;

-- Staff are told of the day's budget too.
ALTER TABLE staff_events RENAME TO staff_events_2;
DROP INDEX staff_events_by_time;

CREATE TABLE staff_events (
    id      TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),        -- UUIDv7
    at      INTEGER NOT NULL,
    kind    TEXT NOT NULL CHECK (kind IN ('device', 'provider', 'budget', 'watchdog', 'dropped')),
    subject TEXT NOT NULL,                                            -- which device, provider, state or queue
    status  TEXT NOT NULL,
    detail  TEXT NOT NULL                                             -- nothing secret, nothing personal
) STRICT, WITHOUT ROWID;

INSERT INTO staff_events SELECT * FROM staff_events_2;
DROP TABLE staff_events_2;

CREATE INDEX staff_events_by_time ON staff_events (at);
